"""Attached files as words: a worker's duty reads each once, apart and within limits, and hands them to the search."""
