"""Keys, encryption at rest, and the signatures of the Standard Webhooks specification."""
