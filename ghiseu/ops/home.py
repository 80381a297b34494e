"""The data folder: one `ghiseu serve` at a time, and the pages' static files as this release wants them."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from ghiseu.ops.errors import HomeInUse, Unusable

SECONDS_FOR_AN_EARLIER_START_TO_END = 15


class HomeLock:
    """Locks on GHISEU_HOME, held until the process ends, however it ends.

    `serve.lock` belongs to the serving process. `children.lock` is shared with its children: after a kill -9 it stays
    taken until the last of them has noticed and ended, so that two generations never work side by side.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._serve = -1
        self.children = -1

    def take(self, say: Callable[[str], None]) -> None:
        """Take both locks. Raises HomeInUse if another serve runs, or if children of an earlier one do not end."""
        try:
            self.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            self._serve = os.open(self.home / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
            self.children = os.open(self.home / "children.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unusable(
                f"The data folder {self.home} cannot be used: {error.strerror} ({error.filename}). "
                "Set GHISEU_HOME to a folder that this account may write."
            ) from error
        if not _lock(self._serve):
            other = os.read(self._serve, 20).decode("ascii", "replace").strip()
            raise HomeInUse(
                f"Another ghiseu serve (process {other or 'unknown'}) works on {self.home}. "
                "Stop it first, or set GHISEU_HOME and GHISEU_PORT to start a second one beside it."
            )
        os.ftruncate(self._serve, 0)
        os.pwrite(self._serve, f"{os.getpid()}\n".encode(), 0)
        self._wait_for_children(say)

    def _wait_for_children(self, say: Callable[[str], None]) -> None:
        if _lock(self.children):
            return
        say("Waiting for the processes of an earlier start to end")
        deadline = time.monotonic() + SECONDS_FOR_AN_EARLIER_START_TO_END
        while not _lock(self.children):
            if time.monotonic() > deadline:
                raise HomeInUse(
                    f"Processes of an earlier ghiseu serve on {self.home} do not end. "
                    "End them (ps shows them as ghiseu.cli web, worker, lmtp) and start again."
                )
            time.sleep(0.05)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def collect_static() -> bool:
    """Bring GHISEU_HOME/static to what this release's pages want. Returns False if it already was.

    Collected aside and renamed: an interruption leaves the old files or the new ones, never half of both.
    """
    from django.conf import settings
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.management import call_command

    target = Path(settings.STATIC_ROOT)
    fingerprint = _static_fingerprint()
    mark = target / ".fingerprint"
    if mark.exists() and mark.read_text() == fingerprint:
        return False
    aside = target.with_name("static.new")
    old = target.with_name("static.old")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    aside.mkdir(parents=True)
    staticfiles_storage.location = str(aside)  # type: ignore[attr-defined]
    call_command("collectstatic", interactive=False, verbosity=0)
    (aside / ".fingerprint").write_text(fingerprint)
    if target.exists():
        target.rename(old)
    aside.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return True


def _static_fingerprint() -> str:
    """What the static files are, without reading them: their names, sizes and times of change."""
    from django.contrib.staticfiles.finders import get_finders

    files = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            files.append(f"{path}\0{status.st_size}\0{status.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(files)).encode()).hexdigest()
