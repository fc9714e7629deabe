"""The configuration as a file: channels, webhooks and sources in YAML, exported and imported."""
