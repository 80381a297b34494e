"""A moment that stands for none, so that orders and their indexes say the same."""

import datetime as dt

# "Not waiting", "not due": behind every real time. PostgreSQL and Python both know this year.
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
