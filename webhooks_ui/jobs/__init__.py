"""What one worker at a time does in the background."""
