"""What can stop the machine room, each with a sentence for the person at the terminal.

MachineError
├── BadSetting            an environment variable holds a value that cannot be used
├── DatabaseUnavailable   the private PostgreSQL cannot be started, or the company's cannot be reached
├── HomeInUse             another `ghiseu serve` works on the same data folder
├── PortTaken             another program listens on the port
└── Unusable              a file or folder cannot be read or written
"""


class MachineError(Exception):
    """A sentence naming the thing, the cause and the way out. `exit_code` is the status of the command that met it."""

    exit_code = 1


class BadSetting(MachineError):
    """An environment variable holds a value that cannot be used."""


class DatabaseUnavailable(MachineError):
    """The private PostgreSQL cannot be started, or the company's cannot be reached."""


class HomeInUse(MachineError):
    """Another `ghiseu serve` works on the same data folder."""


class PortTaken(MachineError):
    """Another program listens on the port."""


class Unusable(MachineError):
    """A file or folder cannot be read or written."""
