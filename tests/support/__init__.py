"""Real counterparts for the tests: server process, receiver process, browser, PostgreSQL."""
