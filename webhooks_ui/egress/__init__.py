"""What may be reached from here: target URLs, address ranges, the resolver and the guard."""
