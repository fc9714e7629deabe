"""How a request to a receiver is authorized, and how its secret is kept out of the log."""
