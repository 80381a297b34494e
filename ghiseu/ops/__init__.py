"""Run it: the private PostgreSQL, the one-command server, the worker, the health check, the demo."""
