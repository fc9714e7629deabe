"""One HTTP/1.1 request to a receiver, under a deadline; failures are values."""
