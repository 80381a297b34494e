"""What a search finds, in which order, and for whom."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ghiseu.people.models import Agent
from ghiseu.tickets.actions import assign_ticket, close_ticket, move_ticket, write_note
from ghiseu.tickets.errors import InvalidInput
from ghiseu.tickets.models import Article, Attachment, Blob, FileText, SearchEntry, Ticket
from ghiseu.tickets.permissions import Right
from ghiseu.tickets.query.errors import QueryError
from ghiseu.tickets.query.reading import parse
from ghiseu.tickets.query.ticket_fields import TICKETS
from ghiseu.tickets.search import walk
from ghiseu.tickets.search.facets import facets
from ghiseu.tickets.search.find import Found, SearchOrder, find
from ghiseu.tickets.search.indexing import put_file_text
from ghiseu.tickets.search.similar import similar
from ghiseu.tickets.search.words import suggest
from tests.factories import grant, make_article, make_customer, make_queue, make_search_entries, make_ticket

pytestmark = pytest.mark.django_db


def search(text: str, agent: Agent, **how: object) -> Found:
    return find(parse(text, TICKETS), agent=agent, **how)  # type: ignore[arg-type]


def found(text: str, agent: Agent, **how: object) -> list[Ticket]:
    return [hit.ticket for hit in search(text, agent, **how).hits]


def many(count: int, agent: Agent, text: str) -> list[Ticket]:
    """Tickets an hour apart, the newest first."""
    queue = make_queue("Many", full=[agent])
    tickets = [make_ticket(queue, text=text) for _ in range(count)]
    for age, ticket in enumerate(tickets):
        at = timezone.now() - dt.timedelta(hours=age)
        Ticket.objects.filter(pk=ticket.pk).update(created_at=at)
        Article.objects.filter(ticket=ticket).update(created_at=at)
    make_search_entries()
    return tickets


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("factura", "Am primit facturilor."),
        ("scoli", "Școala noastră"),
        ("ёлки", "елка"),
        ("ганок", "ґанок"),
        ("письмо", "Не приходят письма"),
        ("лист", "немає листів"),
        ('"illegal content"', "There is ILLEGAL, content."),
        ("illeg* conten*", "illegal content"),
        ('"illegal cont"*', "illegal content"),
        ("site:shop.example", "see https://www.shop.example/a?b"),
        ("site:shop*", "see shop[.]example"),
        ("site:~hop.ex", "shop.example"),
        ("text:content", "contents"),
        ("from:vera", "whatever"),
        ("from:vera@site.example", "whatever"),
        ("customer:moraru", "whatever"),
        ("down", "whatever"),
        ("subject:down", "whatever"),
        ("content (illegal OR nothing) -other", "illegal content"),
    ],
)
def test_words_their_forms_phrases_and_sites_are_found(ana: Agent, query: str, text: str) -> None:
    ticket = make_ticket(make_queue(full=[ana]), text=text)
    make_ticket(
        ticket.queue,
        customer=make_customer("oleg@b.example", "Oleg"),
        text="other",
        from_address="",
        subject="x",
        from_name="",
    )
    make_search_entries()

    assert found(query, ana) == [ticket]


@pytest.mark.parametrize(
    "query", ['"factura"', '"content illegal"', "illegalcontent", "text:down", "site:example", '"cont"']
)
def test_what_is_not_there_is_not_found(ana: Agent, query: str) -> None:
    make_ticket(make_queue(full=[ana]), text="facturi, illegal content, shop.example", from_address="v@a.md")
    make_search_entries()

    assert found(query, ana) == []


def test_nobody_finds_or_counts_what_they_may_not_see(ana: Agent, ion: Agent, stranger: Agent) -> None:
    secret, sales = make_queue("Secret", full=[ion]), make_queue("Sales", full=[ana, ion])
    hidden, open_one = make_ticket(secret, text="merger talks"), make_ticket(sales, text="merger prices")
    make_search_entries()

    assert found("merger", ana) == [open_one]
    assert set(found("merger", ion)) == {hidden, open_one}
    assert found("merger", stranger) == found("queue:Secret", ana) == found("talks", ana) == []
    assert [(facet.value, facet.count) for facet in facets(parse("merger", TICKETS), agent=ana).queue] == [("Sales", 1)]
    assert facets(parse("merger", TICKETS), agent=stranger).total == 0
    assert similar(open_one, agent=ana) == []


def test_a_ticket_that_was_moved_is_where_it_is_at_once(ana: Agent, ion: Agent) -> None:
    first, second = make_queue("First", full=[ana]), make_queue("Second", full=[ion])
    grant(ana, second, Right.MOVE_INTO)
    ticket = make_ticket(first, text="merger")
    make_search_entries()

    move_ticket(ticket, to=second, by=ana)

    assert found("merger", ana) == []
    assert found("merger", ion) == found("merger queue:Second", ion) == [ticket]
    make_search_entries()
    assert found("merger queue:Second", ion) == [ticket]


def test_what_was_archived_is_in_the_archive_at_once(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]), text="merger")
    close_ticket(ticket, by=ana)
    make_search_entries()
    Ticket.objects.filter(pk=ticket.pk).update(archived_at=timezone.now())

    assert found("merger", ana) == found("merger in:desk", ana) == []
    assert found("merger in:archive", ana) == found("merger in:all", ana) == [ticket]


def test_the_newest_come_first_page_by_page(ana: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "FIRST_SLICE", 3)
    tickets = many(8, ana, "merger")

    for text in ("merger", "merger state:new", "", "state:new"):
        first = search(text, ana, rows=3)
        second = search(text, ana, rows=3, after=first.next)
        last = search(text, ana, rows=3, after=second.next)
        assert [hit.ticket for page in (first, second, last) for hit in page.hits] == tickets
        assert (last.next, last.is_complete) == (None, True)


def test_the_last_message_gives_the_time(ana: Agent) -> None:
    _newest, *_others, oldest = many(4, ana, "merger")
    write_note(oldest, text="a word", by=ana)
    make_search_entries()

    assert found("merger", ana)[0] == oldest


def test_the_best_come_first_on_wish(ana: Agent) -> None:
    _newest, second, _third = many(3, ana, "merger")
    Ticket.objects.filter(pk=second.pk).update(title="Merger merger")
    make_search_entries()

    assert found("merger", ana, order=SearchOrder.BEST)[0] == second
    page = search("merger", ana, order=SearchOrder.BEST, rows=2)
    assert len(search("merger", ana, order=SearchOrder.BEST, rows=2, after=page.next).hits) == 1


def test_a_search_that_takes_too_long_says_how_far_it_came_and_goes_on(
    ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "FIRST_SLICE", 2)
    monkeypatch.setattr(walk, "SLICES_BEFORE_ALL", 1000)
    monkeypatch.setattr(walk, "LONG_SECONDS", 0.0)
    tickets = many(9, ana, "common")
    write_note(tickets[-1], text="rare", by=ana)
    tickets[-1].refresh_from_db()
    Article.objects.filter(ticket=tickets[-1]).update(created_at=tickets[-1].created_at)
    make_search_entries()

    page, pages = search("rare", ana), 1
    assert (page.hits, page.is_complete) == ([], False)
    while not page.hits:
        assert page.reached is not None
        page, pages = search("rare", ana, after=page.next), pages + 1
    assert [hit.ticket for hit in page.hits] == [tickets[-1]]
    assert 1 < pages <= 9


def test_what_is_rare_is_asked_of_the_index_at_once(ana: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "FIRST_SLICE", 1)
    tickets = many(12, ana, "common")
    write_note(tickets[-1], text="rare", by=ana)
    Article.objects.filter(ticket=tickets[-1]).update(created_at=tickets[-1].created_at)
    make_search_entries()

    with CaptureQueriesContext(connection) as asked:
        page = search("rare", ana)

    assert ([hit.ticket for hit in page.hits], page.is_complete, page.next) == ([tickets[-1]], True, None)
    assert sum("FROM tickets_searchentry WHERE words @@" in one["sql"] for one in asked) == 3


def test_what_cannot_be_answered_at_once_is_walked_over_in_slices(ana: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a word that was common long ago: asked for at once it takes too long, and nothing of that try is left."""
    monkeypatch.setattr(walk, "FIRST_SLICE", 1)
    tickets = many(12, ana, "common")
    at_once = walk.Walk._through_index

    def too_slow(self: walk.Walk, found: list[walk.Place], most: int, high: walk.Place, low: walk.Place) -> None:
        at_once(self, found, most, high, low)
        if low == walk.OLDEST and not self._is_by_time:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', '1', true), pg_sleep(0)")
                cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr(walk.Walk, "_through_index", too_slow)

    page = search("common", ana)

    assert [hit.ticket for hit in page.hits] == tickets
    assert (page.is_complete, page.next) == (True, None)


def test_the_beginning_of_a_word_that_many_have_is_not_asked_of_the_index(
    ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickets = many(12, ana, "commonplace")
    for few, most in ((5, 600), (4, 4)):
        monkeypatch.setattr(walk, "FEW_ONE_BY_ONE", few)
        monkeypatch.setattr(walk, "MOST_ONE_BY_ONE", most)
        with CaptureQueriesContext(connection) as asked:
            page = search("comm*", ana)

        assert [hit.ticket for hit in page.hits] == tickets
        of_index = [one["sql"] for one in asked if re.search(r"words @@ '[^@]*:\*", one["sql"])]
        # Where the newest ones do not fill the page, the index is asked for the rest.
        assert len(of_index) == (0 if most == 600 else 1)


def test_the_message_or_file_that_fits_is_named(ana: Agent) -> None:
    article = make_article(make_queue(full=[ana]), text="nothing to see")
    note = write_note(article.ticket, text="the merger papers", by=ana)
    blob = Blob.objects.create(sha256="0" * 64, size=3, data=b"abc")
    file = Attachment.objects.create(article=article, blob=blob, filename="a.pdf", content_type="x/y", size=3)
    FileText.objects.create(blob=blob, text="a contract of marriage", read_at=timezone.now())
    put_file_text(file.pk, "a contract of marriage")
    make_search_entries()

    (hit,) = search("merger", ana).hits
    assert (hit.article_id, hit.attachment_id) == (note.pk, None)
    (hit,) = search('"of marriage"', ana).hits
    assert (hit.article_id, hit.attachment_id) == (article.pk, file.pk)
    (hit,) = search("filename:pdf", ana).hits
    assert hit.attachment_id == file.pk

    other = Attachment.objects.create(article=article, blob=blob, filename="b.txt", content_type="x/y", size=3)
    FileText.objects.filter(blob=blob).update(text="about a pdf")
    make_search_entries()
    (hit,) = search("filename:pdf", ana).hits
    assert (hit.attachment_id, other.pk > file.pk) == (file.pk, True)


def test_long_tickets_know_their_phrases(ana: Agent) -> None:
    text = " ".join(f"w{number}" for number in range(20_000)) + " illegal content"
    ticket = make_ticket(make_queue(full=[ana]), text=text)
    make_search_entries()

    assert SearchEntry.objects.count() == 1
    assert found('"illegal content"', ana) == found("text:illegal", ana) == [ticket]
    assert found('"content illegal"', ana) == found('"w5 w7"', ana) == []


def test_facets_count_and_narrow(ana: Agent, ion: Agent) -> None:
    queue = make_queue("Sales desk", full=[ana])
    tickets = [make_ticket(queue, text="merger") for _ in range(3)]
    close_ticket(tickets[0], by=ana)
    assign_ticket(tickets[1], to=ana, by=ana)
    make_search_entries()

    answer = facets(parse("merger", TICKETS), agent=ana)

    assert (answer.total, answer.is_exact) == (3, True)
    assert [(one.value, one.count, one.narrow) for one in answer.queue] == [("Sales desk", 3, 'queue:"Sales desk"')]
    assert sorted(one.count for one in answer.state) == [1, 2]
    for facet in (*answer.queue, *answer.state, *answer.year, *answer.customer):
        assert len(found(f"merger {facet.narrow}", ana)) == facet.count


def test_a_misspelt_word_offers_what_was_meant_and_only_what_one_may_see(ana: Agent, ion: Agent) -> None:
    sales, secret = make_queue("Sales", full=[ana]), make_queue("Secret", full=[ion])
    for _ in range(3):
        make_ticket(sales, text="the certificate of школа")
        make_ticket(secret, text="Operation Nightingale")
    make_ticket(sales, text="backup")
    for _ in range(3):
        make_ticket(sales, text="backups")
    make_search_entries()

    assert suggest(parse("certifcate", TICKETS), agent=ana) == "certificate"
    assert suggest(parse("state:new cretificate -spam", TICKETS), agent=ana) == "state:new certificate -spam"
    assert suggest(parse("щкола", TICKETS), agent=ana) == "школа"
    assert suggest(parse("nightengale", TICKETS), agent=ion) == "nightingale"
    assert suggest(parse("nightengale", TICKETS), agent=ana) is None
    assert suggest(parse("queue:Sales", TICKETS), agent=ana) is None
    assert suggest(parse("backup", TICKETS), agent=ana) is None  # it finds the other form, too
    assert suggest(parse("bakups", TICKETS), agent=ana) == "backups"


def test_similar_tickets_share_rare_words(ana: Agent) -> None:
    queue = make_queue(full=[ana])
    one, other = (make_ticket(queue, text=f"{word} zanzibar.example sends phishing HD12345678") for word in ("a", "b"))
    oleg = make_customer("oleg@other.md", "Oleg")
    make_ticket(queue, customer=oleg, text="something else", subject="x", from_address="oleg@other.md")
    make_search_entries()

    assert similar(one, agent=ana) == [other]


def test_damaged_page_addresses_and_dear_questions_are_refused(ana: Agent) -> None:
    for after in ("x", "2026-01-01~1", "2026-01-01T00:00:00+00:00~-1", "~", "9" * 40):
        with pytest.raises(InvalidInput):
            search("merger", ana, after=after)
    with pytest.raises(InvalidInput):
        search("merger", ana, order=SearchOrder.BEST, after="x")
    with pytest.raises(QueryError):
        search("text:~erge", ana)
    with pytest.raises(QueryError):
        facets(parse("text:~erge", TICKETS), agent=ana)
