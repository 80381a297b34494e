"""The demo company, for whoever starts it: fill it in, and say who can sign in. Light to import."""

from __future__ import annotations

from collections.abc import Callable

from ghiseu.ops.demo import script
from ghiseu.ops.errors import MachineError


class DeskInUse(MachineError):
    """The database holds a desk that is not the demo company's."""

    def __init__(self) -> None:
        super().__init__(
            "The database holds a desk already, and the demo company goes into an empty one only. "
            "Set GHISEU_HOME to another folder, or DATABASE_URL to an empty database."
        )


class WorkerRunning(MachineError):
    """A worker files the demo's mail at its own time, which is not the demo's."""

    def __init__(self) -> None:
        super().__init__(
            "A worker is running and files the demo company's mail before its time. Stop ghiseu serve or ghiseu "
            "worker, give an empty database, and let ghiseu demo fill it before anything else runs."
        )


def sign_in_help() -> str:
    """Who can sign in, for the terminal; needs neither Django nor a database."""
    lines = [
        f"  {row['login']:<8}{row['password']:<18}{row['name']}, {row['city']}: {' and '.join(row['roles'])}"
        for row in script.read("company")["agent"]
    ]
    return "\n".join(["Sign in with one of these names and passwords:", *lines])


def fill(progress: Callable[[str], None]) -> None:
    """Fill an empty database with the demo company; a full one stays as it is, an interrupted filling goes on.

    Raises DeskInUse where the database holds another desk, WorkerRunning where a worker is at work on it.
    """
    from ghiseu.ops.demo.filling import fill_desk

    fill_desk(progress)
