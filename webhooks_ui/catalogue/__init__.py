"""What can be subscribed to: event types with their samples, kinds of channels, error codes."""
