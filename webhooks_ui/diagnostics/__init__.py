"""What the program finds about its own set-up, for `webhooks-ui doctor` and the page About."""
