"""Bring the database up to this release, and let the application's role do everything but change history."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from ghiseu.ops.errors import DatabaseUnavailable

OLDEST_VERSION = 150000  # PostgreSQL 15, as server_version_num writes it
HISTORY_TABLE = "tickets_event"
# What the application may do to history all the same: see docs/decisions on erasing.
FORGET_FUNCTION = "tickets_forget_events(bigint, boolean)"
# Two machines that are upgraded at the same time migrate one after the other.
MIGRATION_LOCK = 4_710_816_245
SECONDS_BETWEEN_TRIES = 0.2


def without_pool() -> None:
    """For commands that do one thing and end: one plain connection, which fails at once and with its cause."""
    from django.conf import settings

    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)


def as_owner() -> None:
    """Let this process work as the role that owns the tables. Call it before the first query.

    Without GHISEU_OWNER_DATABASE_URL the role of DATABASE_URL owns them, and nothing changes.
    """
    from django.conf import settings

    settings.DATABASES["default"].update(
        settings.OWNER_DATABASE | {"OPTIONS": dict(settings.OWNER_DATABASE["OPTIONS"])}
    )
    without_pool()


def as_application() -> None:
    """Go back from `as_owner` to the role of the application."""
    from django.conf import settings
    from django.db import connection

    connection.close()
    description = settings.APPLICATION_DATABASE | {"OPTIONS": dict(settings.APPLICATION_DATABASE["OPTIONS"])}
    settings.DATABASES["default"].update(description)
    without_pool()


def migrate() -> list[str]:
    """Apply the missing migrations and grant the application's role its rights. Returns what was applied.

    Safe to run again and at the same time from two places. Raises DatabaseUnavailable for an unsuitable server.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    check_server()
    with _one_at_a_time():
        applied = missing_migrations()
        if applied:
            call_command("migrate", interactive=False, verbosity=0)
        application = settings.APPLICATION_ROLE
        if application and application != connection.settings_dict["USER"]:
            grant(application)
    return applied


def check_server() -> None:
    """Raise DatabaseUnavailable if the server cannot be reached, is too old or does not store UTF-8."""
    from django.conf import settings

    description = settings.DATABASES["default"]
    try:
        with psycopg.connect(**connection_arguments(description)) as connection:
            version = connection.info.server_version
            encoding = connection.info.parameter_status("server_encoding")
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(explain(description, error, is_embedded=settings.DATABASE_IS_EMBEDDED)) from error
    if version < OLDEST_VERSION:
        raise DatabaseUnavailable(
            f"The database server is PostgreSQL {version // 10000}; Ghișeu needs 15 or newer. "
            "Point DATABASE_URL to a newer server, or unset it to use the embedded one."
        )
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"The database {description['NAME']} stores text as {encoding}. "
            "Make it anew with ENCODING 'UTF8' TEMPLATE template0."
        )


def connection_arguments(description: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `psycopg.connect` for one of Django's database descriptions, without the pool."""
    options = {name: value for name, value in description["OPTIONS"].items() if name != "pool"}
    given = {
        "dbname": description["NAME"],
        "user": description["USER"],
        "password": description["PASSWORD"],
        "host": description["HOST"],
        "port": description["PORT"],
    }
    return {name: value for name, value in given.items() if value} | options


def explain(description: dict[str, Any], error: BaseException, *, is_embedded: bool) -> str:
    """One sentence for an administrator: which server, what it said, what to do. Never contains the password."""
    from django.conf import settings

    said = str(error).strip().partition("\n")[0] or type(error).__name__
    cause = said.removeprefix("connection failed: ").rstrip(".")
    place = f"{description['HOST'] or 'the local socket'}{':' + description['PORT'] if description['PORT'] else ''}"
    if is_embedded:
        if "No such file or directory" in str(error) or "Connection refused" in str(error):
            return f"The embedded database of {settings.HOME} is not running. Start it with: ghiseu serve"
        return f"The embedded database of {settings.HOME} does not answer: {cause}. Run: ghiseu doctor"
    return (
        f"The database {description['NAME']} at {place} cannot be used: {cause}. "
        "Check DATABASE_URL, and that the server runs and lets this role in."
    )


def sentence(error: BaseException) -> str:
    """One sentence for any error of the database, with the remedy where it is known."""
    from django.conf import settings
    from django.db import InterfaceError, OperationalError

    description = settings.DATABASES["default"]
    if isinstance(error.__cause__, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return "The database is not prepared for this release. Run: ghiseu prepare"
    if isinstance(error.__cause__, psycopg.errors.DiskFull):
        return "The disk of the database is full. Make room on it."
    if isinstance(error, OperationalError | InterfaceError | psycopg.OperationalError):
        return explain(description, error, is_embedded=settings.DATABASE_IS_EMBEDDED)
    return f"The database refused: {str(error).strip().partition(chr(10))[0]}."


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    from django.db import connection

    # Asked again and again, because an index that is built beside the work waits for every statement under way; one
    # that itself waits for the builder's lock would never end.
    while not _took_lock():
        time.sleep(SECONDS_BETWEEN_TRIES)
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def _took_lock() -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [MIGRATION_LOCK])
        return bool(cursor.fetchone()[0])


def missing_migrations() -> list[str]:
    """Names of the migrations that this release brings and the database has not applied."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def grant(role: str) -> None:
    """Give `role` every right it needs on the tables, and none to change or remove history (promises W4, X6)."""
    from django.db import connection

    name = sql.Identifier(role)
    history = sql.Identifier(HISTORY_TABLE)
    statements = (
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(name),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name),
        sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {} FROM {}").format(history, name),
        sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(sql.SQL(FORGET_FUNCTION), name),
        sql.SQL("REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON django_migrations FROM {}").format(name),
    )
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def history_is_protected() -> bool:
    """Whether the role of this connection lacks every right to change or remove events."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(%s, 'UPDATE') OR has_table_privilege(%s, 'DELETE')"
            " OR has_table_privilege(%s, 'TRUNCATE')",
            [HISTORY_TABLE] * 3,
        )
        row = cursor.fetchone()
    return row is not None and not row[0]
