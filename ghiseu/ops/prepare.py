"""`ghiseu prepare`: bring everything that outlives a process up to this release."""

from collections.abc import Callable

from ghiseu.ops import database, home
from ghiseu.ops.demo import company


def prepare(say: Callable[[str], None], *, demo: bool) -> None:
    """Migrate, grant, collect static files; with `demo` fill in the demo company. An interrupted call may be repeated.

    Django must have been started as the role that owns the tables.
    """
    applied = database.migrate()
    say(f"Database: {len(applied)} migrations applied" if applied else "Database is up to date")
    say("Static files collected" if home.collect_static() else "Static files are up to date")
    if demo:
        database.as_application()
        company.fill(say)
