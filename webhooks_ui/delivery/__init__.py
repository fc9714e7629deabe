"""From a stored delivery to the receiver: targets, the guard, the transport and the sender."""
