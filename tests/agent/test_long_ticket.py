"""A conversation of hundreds of messages starts late, is read piece by piece, and shows every message once."""

from __future__ import annotations

import re

from ghiseu.agent.ticket.timeline import MOST_ARTICLES, SHOWN_ARTICLES
from ghiseu.tickets.models import Article, Ticket
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk


def make_long(ticket: Ticket, count: int) -> list[int]:
    """Add copies of the newest article until there are `count`; returns all ids in order."""
    newest = ticket.articles.order_by("-pk")[0]
    missing = count - ticket.articles.count()
    values = {
        field.attname: getattr(newest, field.attname)
        for field in Article._meta.concrete_fields
        if not field.primary_key
    }
    Article.objects.bulk_create(Article(**values) for _ in range(missing))
    Ticket.objects.filter(pk=ticket.pk).update(article_count=count)
    return list(ticket.articles.order_by("pk").values_list("pk", flat=True))


def shown(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li id="article-(\d+)"', page)]


def test_the_newest_messages_come_first_and_all_are_one_step_away(desk: Desk) -> None:
    ids = make_long(desk.ticket, 130)
    client, address = signed_in(desk.ana), f"/tickets/{desk.ticket.number}/"

    page = client.get(address).content.decode()

    assert shown(page) == ids[-SHOWN_ARTICLES:]
    assert "Show 70 earlier messages" in page
    assert 'href="?all"' in page
    assert shown(client.get(f"{address}?all").content.decode()) == ids


def test_an_older_piece_says_what_came_later_and_knows_the_newest(desk: Desk) -> None:
    ids = make_long(desk.ticket, 130)
    client = signed_in(desk.ana)

    page = client.get(f"/tickets/{desk.ticket.number}/?until={ids[69]}").content.decode()

    assert shown(page) == ids[10:70]
    assert "Show 10 earlier messages" in page
    assert "60 messages later" in page
    assert f'data-newest="{ids[-1]}"' in page


def test_a_monster_is_read_piece_by_piece(desk: Desk) -> None:
    ids = make_long(desk.ticket, MOST_ARTICLES + 100)
    client, address = signed_in(desk.ana), f"/tickets/{desk.ticket.number}/"
    assert shown(client.get(f"{address}?all").content.decode()) == ids[-MOST_ARTICLES:]
    seen: list[int] = []
    way = ""
    while True:
        page = client.get(address + way).content.decode()
        seen = shown(page) + seen
        earlier = re.search(r'href="(\?until=\d+)', page)
        if earlier is None:
            break
        way = earlier[1]

    assert seen == ids


def test_an_end_that_is_no_article_shows_the_newest(desk: Desk) -> None:
    ids = make_long(desk.ticket, 70)
    client = signed_in(desk.ana)

    for until in ("", "x", "-1", "٣", "9" * 40):
        page = client.get(f"/tickets/{desk.ticket.number}/", {"until": until}).content.decode()
        assert shown(page) == ids[-SHOWN_ARTICLES:]
