"""The page on how to ask cannot be wrong: it is made of the fields, and every example is a question."""

from __future__ import annotations

import pytest

from ghiseu.agent.search.help import example_of, examples, field_groups
from ghiseu.tickets.models import CustomField
from ghiseu.tickets.query.fields import Field
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk


def test_every_example_of_the_grammar_is_understood(db: None) -> None:
    for example in examples():
        assert not parse(example.text, TICKETS).is_empty


@pytest.mark.parametrize("field", TICKETS.fields, ids=lambda field: field.name)
def test_every_field_has_an_example_that_asks_it(field: Field) -> None:
    assert parse(example_of(field), TICKETS).asks_about(field.name)


def test_the_page_names_every_field_and_those_of_the_desk(desk: Desk) -> None:
    CustomField.objects.create(name="plan", label="Plan of the site", kind="choice", choices=["Small"])

    shown = signed_in(desk.ana).get("/search/help/").content.decode()

    for field in TICKETS.fields:
        assert f"<code>{field.name}</code>" in shown
    assert "<code>field.plan</code>" in shown
    assert [title for title, _lines in field_groups()] == ["All fields", "Fields of this desk"]
