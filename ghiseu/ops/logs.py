"""One line for each thing that happened, as `time level process event key=value ...`, on standard error.

Lines carry ids and durations, never addresses, subjects or texts of mails. An unexpected error becomes one line too:
its type, the first line of what the database or the system said, and the places in the code it passed.
"""

import logging
import logging.config
import sys
import traceback

import structlog
from structlog.typing import EventDict, WrappedLogger

INNERMOST_PLACES = 6


def set_up(level: str, process: str) -> None:
    """Send everything that is logged, also by libraries, as single lines to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_process(process),
        _error_in_one_line,
    ]
    lines = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.LogfmtRenderer(
                key_order=["timestamp", "level", "process", "event"], bool_as_flag=False
            ),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(lines)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # These name people (axes) or repeat what we say ourselves.
    for name, lowest in {"axes": "ERROR", "uvicorn": "WARNING", "mail.log": "ERROR", "psycopg.pool": "ERROR"}.items():
        logging.getLogger(name).setLevel(max(logging.getLevelName(lowest), root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _with_process(process: str) -> structlog.typing.Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    return add


def _error_in_one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace exc_info. A message may quote a mail: only errors of system and database keep their first line."""
    given = event.pop("exc_info", None)
    if not given and "_record" in event:
        given = event["_record"].exc_info
        event["_record"].exc_info = None
    error = given[1] if isinstance(given, tuple) else given if isinstance(given, BaseException) else None
    if given is True:
        error = sys.exc_info()[1]
    if error is not None:
        event["error"] = type(error).__name__
        if what := harmless_message(error):
            event["cause"] = what
        places = traceback.extract_tb(error.__traceback__)[-INNERMOST_PLACES:]
        event["at"] = " > ".join(f"{place.filename.rpartition('/')[2]}:{place.lineno}:{place.name}" for place in places)
    return event


def harmless_message(error: BaseException) -> str:
    """The first line of what the system, the database or this program says; empty for errors that may quote a mail."""
    import django.db
    import psycopg

    from ghiseu.ops.errors import MachineError

    if isinstance(error, MachineError | OSError | psycopg.Error | django.db.Error):
        return str(error).strip().partition("\n")[0][:300]
    return ""
