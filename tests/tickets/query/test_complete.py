import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghiseu.tickets.query.complete import MOST, complete
from ghiseu.tickets.query.fields import Field
from ghiseu.tickets.query.hints import unknown_names
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS

LISTS = {
    "queue": ("Abuse", "Abuse::Malware", "Customer care", "Vânzări"),
    "agent": ("ana", "ion"),
    "state": ("open",),
    "type": ("Incident",),
    "service": ("Hosting::Mail",),
    "tag": ("vip",),
}


def values(field: Field) -> tuple[str, ...]:
    return LISTS[field.values]


def offered(text: str) -> list[str]:
    """The query after each suggestion was taken; `|` is the cursor."""
    position = text.index("|")
    text = text.replace("|", "")
    found = complete(text, position, TICKETS, values)
    return [text[: one.start] + one.text + text[one.end :] for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pri|", ["priority:"]),
        ("x -pri| y", ["x -priority: y"]),
        ("(pri|", ["(priority:"]),
        ("TIT|", ["subject:", "title:"][1:]),
        ("ag|", ["age>"]),
        ("was:o|", ["was:owner:"]),
        ("queue:|", ["queue:Abuse", "queue:Abuse::Malware", 'queue:"Customer care"', "queue:Vânzări"]),
        ("queue:mal|", ["queue:Abuse::Malware"]),
        ("queue:vanz|", ["queue:Vânzări"]),
        ("queue:ca|", ['queue:"Customer care"']),
        ('queue:"cu|', ['queue:"Customer care"']),
        ("queue:(Abuse,van|)", ["queue:(Abuse,Vânzări)"]),
        ("queue:(Abuse, van|", ["queue:(Abuse, Vânzări"]),
        ("queue=van|", ["queue=Vânzări"]),
        ("owner:|", ["owner:me", "owner:none", "owner:any", "owner:ana", "owner:ion"]),
        ("was:owner=a|", ["was:owner=ana"]),
        ("is:unan|", ["is:unanswered"]),
        ("is:open -has:att|", ["is:open -has:attachment"]),
        ("priority>=u|", ["priority>=urgent"]),
        ("created:yes|", ["created:yesterday"]),
        ("waiting>4|", ["waiting>4h"]),
        ("state.type:pending|", ["state.type:pending_reminder", "state.type:pending_auto"]),
        ('"a pri|', []),
        ("nothing:x|", []),
        ("queue:A |zzz", None),
    ],
)
def test_what_is_offered(text: str, expected: list[str] | None) -> None:
    if expected is None:
        assert len(offered(text)) == MOST
    else:
        assert offered(text) == expected


def test_a_field_says_what_it_is() -> None:
    assert [one.help for one in complete("pri", 3, TICKETS, values)] == ["the priority, to be compared"]


def test_what_is_offered_is_understood() -> None:
    for field in TICKETS.fields:
        text = f"{field.name}:"
        for one in complete(text, len(text), TICKETS, values):
            parse(text[: one.start] + one.text, TICKETS)


@settings(deadline=None)
@given(st.text(st.sampled_from('ab:(",) queue>=-*')), st.integers(-5, 50))
def test_any_place_in_any_text_is_answered(text: str, position: int) -> None:
    for one in complete(text, position, TICKETS, values):
        assert 0 <= one.start <= one.end <= len(text)


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("queue:abuse -queue:(vanzari,Customer care)", []),
        ("queue:Abu* queue:~zz owner:ghost nothing", []),
        ("a queue:(Abuse,Abuze)", [("Abuze", ("Abuse",))]),
        ("was:queue=Xyz", [("Xyz", ())]),
    ],
)
def test_names_that_nothing_has_are_pointed_at(text: str, hints: list[tuple[str, tuple[str, ...]]]) -> None:
    found = unknown_names(parse(text, TICKETS), values)

    assert [(hint.piece, hint.instead) for hint in found] == hints
    assert all(name in str(hint) for hint, (_, instead) in zip(found, hints, strict=True) for name in instead)
