"""What a measured page is; the pages themselves are in `bench/families`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.browser import Browser, Visit
from bench.load import EVERYWHERE
from bench.there import There

LIST_QUERY = r"ticket\.last_words.*FROM \(SELECT"
Form = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class Page:
    """Paths to be asked for in turn, or forms to be sent, each once.

    `main` recognises the page's main query among all that it sends; a form's floor is one row kept durably. A page with
    `at_a_tenth` is also asked of a desk with a tenth of the data. `agent` is the login that asks. With `piece` only the
    piece of the page with this id is asked for, as a page does that hears of a change.
    """

    name: str
    paths: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
    main: str = ""
    agent: str = EVERYWHERE
    at_a_tenth: bool = False
    piece: str = ""

    def visit(self) -> Visit:
        if not self.forms:
            return getting(self.paths, self.piece)
        # What is true before the first time is no longer true at the second.
        waiting = iter(self.forms)

        def send(browser: Browser, _serial: int) -> bytes:
            path, form = next(waiting)
            return browser.post(path, form)

        return send


def getting(paths: tuple[str, ...], piece: str = "") -> Visit:
    return lambda browser, serial: browser.get(paths[serial % len(paths)], piece=piece)


Family = Callable[[There], list[Page]]
