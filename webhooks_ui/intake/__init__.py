"""Accepting events: one transaction for the event, its keys and its deliveries."""
