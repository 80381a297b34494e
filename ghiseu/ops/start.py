"""How a command begins: with settings, logging and Django, and with an ear for the signal to stop."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType


def start_django(process: str, *, pool: bool = False, owner: bool = False) -> None:
    """Load settings, logging and Django. Commands that do one thing and end take no connection pool."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghiseu.settings")
    import django
    from django.conf import settings

    from ghiseu.ops import database, logs

    logs.set_up(settings.LOG_LEVEL, process)
    if owner:
        database.as_owner()
    elif not pool:
        database.without_pool()
    django.setup(set_prefix=False)


def stop_on_signal() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return stop
