"""Sources: other programs' own webhooks, taken in as events; a class for each kind of program."""
