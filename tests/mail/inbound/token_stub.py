"""A token endpoint of the tests' own (RFC 6749 section 6), that answers as told and keeps what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


def new_tokens(number: int) -> tuple[int, dict[str, Any] | bytes]:
    return 200, {"access_token": f"access-{number}", "token_type": "Bearer", "expires_in": 3600}


@dataclass
class Endpoint:
    """`answer` gets the number of the request, from 1, and gives status and body."""

    port: int = 0
    answer: Callable[[int], tuple[int, dict[str, Any] | bytes]] = new_tokens
    asked: list[dict[str, str]] = field(default_factory=list)
    # Waits so before each byte of the answer.
    drips: threading.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"


@contextlib.contextmanager
def answering(endpoint: Endpoint) -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            endpoint.asked.append(dict(parse_qsl(form)))
            status, body = endpoint.answer(len(endpoint.asked))
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", endpoint.url)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            with contextlib.suppress(OSError):
                if endpoint.drips is None:
                    self.wfile.write(raw)
                else:
                    for byte in raw:
                        self.wfile.write(bytes([byte]))
                        endpoint.drips.wait(0.05)

        def log_message(self, *_args: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        endpoint.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()
