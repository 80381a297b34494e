from pathlib import Path

import pytest

from ghiseu.mail.inbound.mail_fields import MAILS
from ghiseu.tickets.query import limits
from ghiseu.tickets.query.fields import Vocabulary
from ghiseu.tickets.query.ticket_fields import TICKETS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "using" / "query.md"


def section(title: str) -> str:
    return PAGE.read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(
    ("vocabulary", "title"), [(TICKETS, "Fields of tickets"), (MAILS, "Fields of mails, for rules")]
)
def test_every_field_and_every_flag_is_described(vocabulary: Vocabulary, title: str) -> None:
    text = section(title)
    for field in vocabulary.fields:
        for name in (field.name, *field.aliases):
            assert f"`{name}:`" in text or f"`{name}=`" in text, name
        if field.name in ("is", "has", "in", "priority", "channel", "sign"):
            assert [choice for choice in field.choices if f"`{choice}`" not in text] == []
    for family in vocabulary.families:
        assert f"`{family.prefix}NAME:`" in text


def test_the_limits_are_those_that_hold() -> None:
    text = section("What is refused")
    for number in (limits.MAX_PARENTHESES, limits.MAX_NESTING, limits.MAX_TERMS, limits.MAX_TEXTS):
        assert str(number) in text
    assert f"{limits.MAX_CHARACTERS:,}" in text
