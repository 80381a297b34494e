"""Questions narrowed and widened by clicks, and numbers that stand alone."""

from __future__ import annotations

import pytest

from ghiseu.agent.search.asking import has_piece, ticket_of_number, with_piece, without_piece
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from tests.agent.world import Desk


def narrowed(text: str, piece: str = "queue:Sales") -> str:
    return with_piece(parse(text, TICKETS), piece)


def test_a_piece_narrows_all_of_the_question() -> None:
    assert narrowed("invoice") == "invoice queue:Sales"
    assert narrowed("invoice OR refund") == "(invoice OR refund) queue:Sales"
    assert narrowed("(invoice OR refund) -paid") == "(invoice OR refund) -paid queue:Sales"
    assert narrowed("") == "queue:Sales"


@pytest.mark.parametrize("text", ["invoice", "invoice OR refund", '"a  b" is:open', ""])
@pytest.mark.parametrize("piece", ["queue:Sales", 'queue:"Customer care"', "created:2026"])
def test_taking_a_piece_away_is_the_opposite(text: str, piece: str) -> None:
    more = narrowed(text, piece)

    assert has_piece(more, piece)
    assert without_piece(more, piece) == ("(invoice OR refund)" if " OR " in text else text)


def test_a_longer_piece_is_another_one() -> None:
    assert not has_piece("queue:Sales::East", "queue:Sales")
    assert not has_piece("-queue:Sales", "queue:Sales")
    assert without_piece("queue:Sales::East queue:Sales", "queue:Sales") == "queue:Sales::East"


@pytest.mark.parametrize("around", ["{}", " [#{}] ", "#{}", "Ticket#{}", "ticket: {}"])
def test_a_number_leads_to_its_ticket(desk: Desk, around: str) -> None:
    assert ticket_of_number(around.format(desk.ticket.number), agent=desk.ana) == desk.ticket


def test_a_number_in_groups_leads_there_too(desk: Desk) -> None:
    number = desk.ticket.number

    assert ticket_of_number(f"{number[:4]} {number[4:8]} {number[8:]}", agent=desk.ana) == desk.ticket


@pytest.mark.parametrize("text", ["{} invoice", "number:{}", "{}*", "1{}", "", "invoice"])
def test_whatever_else_stands_there_makes_it_a_question(desk: Desk, text: str) -> None:
    assert ticket_of_number(text.format(desk.ticket.number), agent=desk.ana) is None


def test_a_number_of_another_queue_leads_nowhere(desk: Desk) -> None:
    assert ticket_of_number(desk.ticket.number, agent=desk.ion) is None
