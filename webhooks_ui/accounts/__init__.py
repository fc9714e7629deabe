"""Users of the console: passwords, sign-in, sessions, throttling."""
