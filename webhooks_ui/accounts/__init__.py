"""Who may use the console: people, passwords, sign-in, sessions, throttling."""
