"""How to ask: made out of the very fields that the language has, so that it says nothing that is not so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ghiseu.agent.http import AgentRequest
from ghiseu.agent.search.asking import address_of
from ghiseu.tickets.models import CustomField
from ghiseu.tickets.query.fields import Field, Kind
from ghiseu.tickets.query.own_fields import PREFIX, own_field
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.ui.render import render_page


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what it means; `href` asks it."""

    text: str
    meaning: str

    @property
    def href(self) -> str:
        return address_of(self.text)


@dataclass(frozen=True, slots=True)
class FieldLine:
    name: str
    aliases: tuple[str, ...]
    meaning: str
    choices: tuple[str, ...]
    example: Example


_VALUES = {
    Kind.TEXT: ":invoice",
    Kind.NUMBER: ">3",
    Kind.DURATION: ">2d",
    Kind.TIME: ":last-week",
    Kind.PERSON: ":me",
    Kind.ADDRESS: ":@site.example",
}
# What a desk calls its queues does not matter to the grammar.
_NAMES = {"number": ":20261122*", "queue": ":Abuse::*", "state": ":open", "service": ":Hosting::*"}


@require_safe
def how_to_ask(request: AgentRequest) -> HttpResponse:
    context = {"examples": examples(), "groups": field_groups()}
    return render_page(request, "agent/search/help.html", context)


def examples() -> list[Example]:
    """The grammar, by example."""
    return [
        Example(
            "invoice refund", _("both words in any form, anywhere: titles, names, addresses, messages, notes, files")
        ),
        Example('"illegal content"', _("exactly these words, side by side")),
        Example("inv*", _("words that begin so")),
        Example("-spam", _("without this word")),
        Example("(invoice OR refund) -paid", _("one of two, and not the third")),
        Example("subject:~voic", _("a piece of a word, only in the subject")),
        Example("queue:(Sales,Billing) state:new", _("in one of these queues, and new")),
        Example("owner:none is:waiting", _("nobody has it, and its customer waits for us")),
        Example("priority>=high age>2d", _("important, and older than two days")),
        Example("created:2026-01..2026-03", _("from January to the end of March")),
        Example("changed:-24h", _("changed in the last 24 hours")),
        Example("from:@site.example has:attachment", _("mail of this domain, with a file")),
        Example("invoice in:all", _("also in the archive")),
    ]


def field_groups() -> list[tuple[str, list[FieldLine]]]:
    """Every field of the language, those that this desk defined last."""
    own = [own_field(f"{PREFIX}{one.name}") for one in CustomField.objects.filter(is_active=True)]
    groups = [(_("All fields"), _lines(TICKETS.fields))]
    if own:
        groups.append((_("Fields of this desk"), _lines([field for field in own if field])))
    return groups


def _lines(fields: Sequence[Field]) -> list[FieldLine]:
    return [
        FieldLine(field.name, field.aliases, str(field.help), field.choices, Example(example_of(field), ""))
        for field in fields
    ]


def example_of(field: Field) -> str:
    """A question that the field can be asked."""
    if field.choices:
        return f"{field.name}{'>=' if field.is_ordered else ':'}{field.choices[-2 if field.is_ordered else 0]}"
    if field.is_in_bytes:
        return f"{field.name}>5MB"
    value = _NAMES.get(field.name.removeprefix("was:"), ":none" if field.can_be_missing else ":name")
    return f"{field.name}{_VALUES.get(field.kind, value)}"
