"""Settings from the environment: one table, its parsers."""
