"""Plain text of strangers as harmless markup: escaped, its links clickable, its quoted lines set apart."""

from __future__ import annotations

import itertools
from functools import cache, lru_cache

from linkify_it import LinkifyIt
from markupsafe import Markup, escape

# Beyond this a text is shown without links, so that no mail costs more than a small, fixed time (promise M5).
LINKED_CHARACTERS = 20_000
# Longer ones are made anew each time, so that what is kept stays below ten megabytes or so.
KEPT_CHARACTERS = 3_000
# `www.` counts as written out; bare names such as `example.com` do not: a desk reads about hostile sites all day.
_WRITTEN_OUT = ("http://", "https://", "www.")


def message_text(text: str) -> Markup:
    """The text with its lines kept; runs of `>` lines become quotations."""
    return _kept_text(text) if len(text) <= KEPT_CHARACTERS else _as_markup(text)


def _as_markup(text: str) -> Markup:
    out: list[Markup] = []
    for quoted, lines in itertools.groupby(text.split("\n"), key=lambda line: line.startswith(">")):
        block = with_links("\n".join(lines))
        out.append(Markup('<span class="quoted">{}</span>').format(block) if quoted else block)
    return Markup("\n").join(out)


# What was written stays as it is, and a long conversation is read again with each message that comes.
_kept_text = lru_cache(maxsize=4096)(_as_markup)


def with_links(text: str) -> Markup:
    """Only addresses that are written out (`https://...`, `www...`) become links, and they never tell where from."""
    if len(text) > LINKED_CHARACTERS or not ("://" in text or "www." in text):
        return escape(text)
    out, position = [], 0
    for match in _linkify().match(text) or ():
        if not match.text.lower().startswith(_WRITTEN_OUT):
            continue
        out.append(escape(text[position : match.index]))
        out.append(_link(match.url, text[match.index : match.last_index]))
        position = match.last_index
    out.append(escape(text[position:]))
    return Markup().join(out)


def _link(url: str, words: str) -> Markup:
    link = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>')
    return link.format(url, words)


@cache
def _linkify() -> LinkifyIt:
    return LinkifyIt(options={"fuzzy_link": True, "fuzzy_email": False, "fuzzy_ip": False})
