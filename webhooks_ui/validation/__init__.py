"""The rules for webhooks, channels and events, the same for form, API and import."""
