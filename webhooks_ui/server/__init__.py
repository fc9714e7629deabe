"""The processes: the WSGI server, the supervisor of the worker, signals."""
