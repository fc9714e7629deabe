"""The demonstration: a console with weeks of history and live events to receivers of all kinds."""
