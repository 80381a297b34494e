"""`ghiseu prepare`: bring everything that outlives a process up to this release."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from ghiseu.ops import database, home
from ghiseu.ops.serve import unfinished_demo


def prepare(say: Callable[[str], None], *, demo: bool) -> None:
    """Migrate, grant, collect static files; with `demo` fill in the demo company. Safe to repeat.

    Django must have been started as the role that owns the tables.
    """
    applied = database.migrate()
    say(f"Database: {len(applied)} migrations applied" if applied else "Database is up to date")
    say("Static files collected" if home.collect_static() else "Static files are up to date")
    if demo:
        database.as_application()
        fill_demo_once(say)


def fill_demo_once(say: Callable[[str], None]) -> None:
    """Fill in the demo company if the database holds no agent. A mark tells the next start if we were interrupted."""
    from django.conf import settings
    from django.contrib.auth import get_user_model

    from ghiseu.ops.demo import company

    if get_user_model().objects.exists():
        say("The database holds a company already")
        return
    mark = unfinished_demo(Path(settings.HOME))
    mark.touch()
    company.fill(say)
    with contextlib.suppress(FileNotFoundError):
        mark.unlink()
