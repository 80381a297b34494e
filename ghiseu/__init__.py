"""Ghișeu: a help desk for companies that get a lot of mail."""

__version__ = "0.1.0"
