"""The command line, `webhooks-ui`."""
