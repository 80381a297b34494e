"""An agent's browser, as much of it as measuring needs: a session, a connection that stays open, pages and forms."""

from __future__ import annotations

import gzip
import http.client
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import brotli  # type: ignore[import-untyped]  # it ships no types

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
TIMEOUT_SECONDS = 60
_READ_BY: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}


class UnexpectedAnswer(Exception):
    """A page did not answer as it should: figures about it would mean nothing."""


@dataclass
class Browser:
    """One signed-in browser; not to be shared between threads."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)

    def sign_in(self, login: str, password: str) -> None:
        match = _TOKEN.search(self.get("/sign-in/").decode())
        if match is None:
            raise UnexpectedAnswer("The page for signing in has no token.")
        form = {"username": login, "password": password, "csrfmiddlewaretoken": match[1], "next": ""}
        self.post("/sign-in/", form)
        if "sessionid" not in self.cookies:
            raise UnexpectedAnswer(f"{login} could not sign in.")

    def another(self) -> Browser:
        """A second window with the same session and a connection of its own."""
        return Browser(self.port, dict(self.cookies))

    def get(self, path: str, *, piece: str = "") -> bytes:
        """The page, or its piece with this id, as it reads. Raises UnexpectedAnswer unless it is one."""
        return self.get_measured(path, piece=piece)[0]

    def get_measured(self, path: str, *, piece: str = "") -> tuple[bytes, int]:
        """The same, and how many bytes it had on the wire with its headers."""
        body, headers = self._ask("GET", path, None, expected=200, piece=piece)
        plain = _READ_BY[headers.get("Content-Encoding", "")](body)
        return plain, len(body) + len(bytes(headers))

    def post(self, path: str, form: dict[str, str]) -> bytes:
        """Send a form that leads to another page. Raises UnexpectedAnswer where it does not."""
        return self._ask("POST", path, urlencode(form), expected=302)[0]

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def _ask(
        self, method: str, path: str, body: str | None, *, expected: int, piece: str = ""
    ) -> tuple[bytes, http.client.HTTPMessage]:
        headers = {"Cookie": self._cookie(), "Accept-Encoding": "gzip, br"}
        if piece:
            headers |= {"HX-Request": "true", "HX-Target": piece}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["X-CSRFToken"] = self.cookies.get("csrftoken", "")
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        page = response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        if response.status != expected:
            raise UnexpectedAnswer(f"{method} {path} answered {response.status}, not {expected}.")
        return page, response.headers


Visit = Callable[[Browser, int], bytes]


@dataclass(frozen=True)
class Visits:
    """Seconds of each visit, and of all together by the clock."""

    each: Sequence[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.each) / self.seconds


def visit(browsers: Sequence[Browser], what: Visit, times: int) -> Visits:
    """Let every browser make its share of `times` visits, all at once; a visit knows its serial number."""
    each: list[float] = []
    errors: list[Exception] = []

    def work(browser: Browser, serials: range) -> None:
        try:
            for serial in serials:
                began = time.perf_counter()
                what(browser, serial)
                each.append(time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001  # raised again below, in the thread that asked
            errors.append(error)

    shares = [range(start, times, len(browsers)) for start in range(len(browsers))]
    threads = [
        threading.Thread(target=work, args=(browser, share)) for browser, share in zip(browsers, shares, strict=True)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if errors:
        raise errors[0]
    return Visits(each, seconds)
