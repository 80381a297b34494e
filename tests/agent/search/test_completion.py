"""The box offers what fits, and no name that the agent may not know."""

from __future__ import annotations

import re
from html import unescape

import pytest

from ghiseu.tickets.models import CustomField
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import make_ticket


def offered(desk: Desk, who: str, text: str, **more: str | int) -> list[str]:
    answer = signed_in(desk.who(who)).get("/search/options/", {"q": text, **more})
    assert answer.status_code == 200
    return [unescape(found) for found in re.findall(r'data-text="([^"]*)"', answer.content.decode())]


def test_fields_and_their_values(desk: Desk) -> None:
    assert "queue:" in offered(desk, "ana", "que")
    assert offered(desk, "ana", "invoice queue:Su") == ["Support"]
    assert offered(desk, "ana", "is:unas") == ["unassigned"]
    assert "ana" in offered(desk, "ana", "owner:an")
    assert offered(desk, "ana", "invoi") == []


def test_in_the_middle_of_what_stands_there(desk: Desk) -> None:
    assert offered(desk, "ana", "queue:Su invoice", at=8) == ["Support"]
    assert offered(desk, "ana", "𝔘 queue:Su invoice", at=10) == ["Support"]


@pytest.mark.parametrize("at", ["", "x", "-1", "9" * 50, "٣"])
def test_a_strange_place_is_the_end(desk: Desk, at: str) -> None:
    assert offered(desk, "ana", "queue:Su", at=at) == ["Support"]


def test_queues_and_tags_of_others_are_not_offered(desk: Desk) -> None:
    for queue, tag in ((desk.support, "vip-ana"), (desk.billing, "vip-ion")):
        ticket = make_ticket(queue)
        ticket.tags = [tag]
        ticket.save(update_fields=["tags"])

    assert offered(desk, "ana", "queue:") == ["Support"]
    assert offered(desk, "ion", "queue:") == ["Billing"]
    assert offered(desk, "stranger", "queue:") == []
    assert offered(desk, "ana", "tag:vip") == ["vip-ana"]
    assert offered(desk, "ion", "tag:vip") == ["vip-ion"]
    assert offered(desk, "stranger", "tag:vip") == []


def test_own_fields_offer_their_choices(desk: Desk) -> None:
    CustomField.objects.create(name="plan", label="Plan", kind="choice", choices=["Small", "Large site"])

    assert offered(desk, "ana", "field.plan:") == ["none", "any", "Small", '"Large site"']


def test_a_name_with_markup_is_only_a_name(desk: Desk) -> None:
    CustomField.objects.create(name="plan", label="Plan", kind="choice", choices=["<img src=x onerror=alert(1)>"])

    page = signed_in(desk.ana).get("/search/options/", {"q": "field.plan:"}).content.decode()

    assert "<img" not in page
    assert "&lt;img" in page
