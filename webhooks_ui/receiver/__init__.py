"""The built-in receiver, and `webhooks-ui listen`."""
