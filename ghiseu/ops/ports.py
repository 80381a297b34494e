"""Network doors: open them before anything else, so that a taken port is said in a sentence and not in a traceback."""

import errno
import socket

from ghiseu.ops.errors import BadSetting, PortTaken


def open_door(host: str, port: int, setting: str) -> socket.socket:
    """A socket bound to `host` and `port`. `setting` is the variable to change when that cannot be had.

    Raises PortTaken if another program has it or if it needs more rights, BadSetting if the host is not ours.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise BadSetting(f"GHISEU_HOST is {host!r}, which is no address of this machine ({error.strerror}).") from error
    door = socket.socket(family, kind, protocol)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(address)
        door.listen(128)
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port} on {host} is taken by another program. Stop it, or set {setting} to a free port."
            ) from error
        if error.errno == errno.EACCES:
            raise PortTaken(f"Port {port} needs the rights of root. Set {setting} to a port above 1023.") from error
        raise BadSetting(f"GHISEU_HOST is {host!r}, which is no address of this machine ({error.strerror}).") from error
    return door


def check_free(host: str, port: int, setting: str) -> None:
    """Raise as `open_door` does, without keeping the port."""
    open_door(host, port, setting).close()


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((reachable(host), port)) == 0


def reachable(host: str) -> str:
    """The address to try when the program listens on `host`: that of this machine where it listens everywhere."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104 -- no binding here
