"""What was typed into the box: pieces put to it and taken from it, and a ticket's number that stands alone."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.urls import reverse

from ghiseu.people.models import Agent
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.numbers import numbers_in
from ghiseu.tickets.query.tree import Or, Query

# A number as people copy it: `[#20261122000427]`, `Ticket#: 2026 1122 0004 27`.
_AROUND_A_NUMBER = re.compile(
    r"^[\s\[(]*(?:ticket|tichet|тикет|заявка)?[\s#:№.]*([\d\s]{1,60})[\s\])]*$", re.IGNORECASE
)
_LONGEST_NUMBER = 32


def ticket_of_number(text: str, *, agent: Agent) -> Ticket | None:
    """The ticket whose number was typed and nothing else, of those this agent may see."""
    if not (found := _AROUND_A_NUMBER.match(text[:200])):
        return None
    digits = "".join(found[1].split())
    candidates = {*numbers_in(text), digits} if len(digits) <= _LONGEST_NUMBER else set()
    return Ticket.objects.visible_to(agent).filter(number__in=candidates).first() if candidates else None


def address_of(text: str, **more: str) -> str:
    """Where this question is answered."""
    return f"{reverse('search')}?{urlencode({'q': text} | {name: value for name, value in more.items() if value})}"


def has_piece(text: str, piece: str) -> bool:
    """Whether the piece stands there by itself."""
    return _alone(piece).search(text) is not None


def with_piece(query: Query, piece: str) -> str:
    """The question narrowed; what was either-or stays together in parentheses."""
    text = query.text.strip()
    return f"({text}) {piece}" if isinstance(query.root, Or) else f"{text} {piece}".strip()


def without_piece(text: str, piece: str) -> str:
    return " ".join(_alone(piece).sub(" ", text).split(" ")).strip()


def _alone(piece: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S){re.escape(piece)}(?!\S)")
