"""`ghiseu web`: the pages and the live streams, by uvicorn, in a few processes."""

import gc
import signal
from importlib import import_module
from pathlib import Path
from socket import socket

from ghiseu.ops.children import end_with_parent
from ghiseu.ops.crew import work_together
from ghiseu.ops.errors import Unusable
from ghiseu.ops.ports import open_door

# An open event stream never ends by itself; pages have ended long before.
SECONDS_FOR_REQUESTS_TO_END = 2
# How many new objects make Python look for cycles among them, and how often it looks at the older ones: a page makes
# thousands and leaves few cycles.
COLLECT = (10_000, 10, 10)


def run(host: str, port: int, static: Path, processes: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises PortTaken, or Unusable if the static files were never collected."""
    if not (static / "staticfiles.json").exists():
        raise Unusable(f"The files of the pages are missing in {static}. Run: ghiseu prepare")
    door = open_door(host, port, "GHISEU_PORT")
    if processes == 1:
        end_with_parent()
        _serve(door)
    else:
        # Loaded once for all of them, and never looked through again: what is there stays, and its memory is shared.
        import_module("ghiseu.asgi")
        import_module("ghiseu.urls")
        gc.collect()
        gc.freeze()
        work_together(processes, lambda: _serve(door))


def _serve(door: socket) -> None:
    import uvicorn

    gc.set_threshold(*COLLECT)
    config = uvicorn.Config(
        "ghiseu.asgi:application",
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
        timeout_graceful_shutdown=SECONDS_FOR_REQUESTS_TO_END,
        timeout_keep_alive=30,
    )
    # uvicorn raises the signal that stopped it once more when it is done; then it shall no longer kill us.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[door])
