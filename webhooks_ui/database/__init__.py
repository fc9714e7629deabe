"""SQLite or PostgreSQL: the engine, column types, migrations."""
