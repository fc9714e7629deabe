"""The queue in the database: claims under a lease, outcomes, counts, wake-ups."""
