"""Statements that may take only so long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled


class TookTooLong(Exception):
    """The database gave up a statement; nothing was changed."""


@contextmanager
def at_most(milliseconds: int) -> Iterator[None]:
    """Every statement inside may take so long. For reading only: it is a transaction. Raises TookTooLong."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {milliseconds:d}")
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TookTooLong from error
        raise
