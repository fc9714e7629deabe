"""Text from outside: strict JSON, and what is safe to print."""
