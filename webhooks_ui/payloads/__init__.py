"""What the body of a request looks like: a class for each payload format."""
