"""Which account of the machine runs the private PostgreSQL, and what that account can reach.

PostgreSQL refuses to run as root. When we are root (a container, a fresh virtual machine), it runs as an account
without rights: the owner of existing data, else `ghiseu` or `postgres` if the machine has them, else `nobody`.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

ROOT = 0


@dataclass(frozen=True)
class Account:
    """An account of the operating system; `switch` says whether a child process must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool

    @property
    def popen_arguments(self) -> dict[str, object]:
        """Arguments for `subprocess.Popen` that start the child under this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def database_account(data: Path) -> Account:
    """The account PostgreSQL runs as for the data folder `data` (which need not exist yet)."""
    if os.geteuid() != ROOT:
        return _account(os.geteuid(), switch=False)
    if data.exists() and data.stat().st_uid != ROOT:
        return _account(data.stat().st_uid, switch=True)
    for name in ("ghiseu", "postgres", "nobody"):
        try:
            return _account(pwd.getpwnam(name).pw_uid, switch=True)
        except KeyError:
            continue
    return _account(65534, switch=True)


def _account(uid: int, *, switch: bool) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(name=str(uid), uid=uid, gid=os.getegid() if not switch else uid, switch=switch)
    return Account(name=entry.pw_name, uid=uid, gid=entry.pw_gid, switch=switch)


def can_enter(account: Account, folder: Path) -> bool:
    """Whether the account may pass through `folder` and all folders above it (those that exist)."""
    if not account.switch:
        return True
    return all(_may_pass(account, part) for part in (folder, *folder.parents) if part.exists())


def _may_pass(account: Account, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
