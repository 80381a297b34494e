"""That no change of what a ticket is found by is forgotten, whoever makes it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from ghiseu.ops.doctor import Level, _search
from ghiseu.people.models import Agent
from ghiseu.tickets.actions import move_ticket, write_note
from ghiseu.tickets.models import Article, Attachment, Blob, FileText, SearchDue, SearchEntry, SearchWord, Ticket
from ghiseu.tickets.search import vocabulary
from ghiseu.tickets.search.indexing import index_due, put_file_text
from ghiseu.tickets.search.rebuilding import all_wrong_ids, has_index, missing_count, sample, wrong_ids
from tests.factories import make_article, make_customer, make_queue, make_search_entries, make_ticket

pytestmark = pytest.mark.django_db


def due() -> set[int]:
    return set(SearchDue.objects.values_list("ticket_id", flat=True))


def attach(article: Article, name: str = "a.pdf") -> Attachment:
    blob, _ = Blob.objects.get_or_create(sha256="0" * 64, defaults={"size": 0, "data": b""})
    return Attachment.objects.create(article=article, blob=blob, filename=name, content_type="x/y", size=0)


@pytest.mark.parametrize(
    "change",
    [
        lambda article: Ticket.objects.filter(pk=article.ticket_id).update(title="Other"),
        lambda article: Article.objects.filter(pk=article.pk).update(text="other"),
        lambda article: Article.objects.filter(pk=article.pk).update(from_name="Other"),
        lambda article: article.ticket.customer.identities.create(value="other@site.example"),
        lambda article: article.ticket.customer.identities.all().delete(),
        lambda article: article.ticket.customer.identities.update(value="other@site.example"),
        lambda article: type(article.ticket.customer).objects.update(name="Other"),
        lambda article: Ticket.objects.update(customer=make_customer("oleg@b.example", "Oleg")),
        attach,
        lambda article: attach(article).delete(),
    ],
)
def test_every_change_of_what_it_is_found_by_is_due(ana: Agent, change: Callable[[Article], object]) -> None:
    article = make_article(make_queue(full=[ana]))
    make_search_entries()
    assert due() == set()

    change(article)

    assert due() == {article.ticket_id}
    make_search_entries()
    assert list(all_wrong_ids()) == []
    assert due() == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda article: Ticket.objects.filter(pk=article.pk).update(priority=4, last_words="x"),
        lambda article: Article.objects.filter(pk=article.pk).update(text=article.text, is_verified=False),
        lambda article: type(article.ticket.customer).objects.update(notes="x"),
    ],
)
def test_what_it_is_not_found_by_costs_nothing(ana: Agent, change: Callable[[Article], object]) -> None:
    article = make_article(make_queue(full=[ana]))
    make_search_entries()

    change(article)

    assert due() == set()


def test_copy_is_seen_as_well(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    make_search_entries()
    names = "ticket_id, sender_type, channel, is_visible_to_customer, is_verified, sender_sign, from_name, from_address"
    columns = f'{names}, "to", cc, reply_to, subject, message_id, in_reply_to, text, reply_text, html, created_at'
    row = (ticket.pk, "system", "email", True, True, "", "", "", "[]", "[]", "[]", "", "", "", "zanzibar", "", "")
    with connection.cursor() as cursor, cursor.copy(f"COPY tickets_article ({columns}) FROM STDIN") as copy:
        copy.write_row((*row, timezone.now()))

    make_search_entries()

    assert "'zanzibar'" in SearchEntry.objects.get(pk=ticket.pk).words


def test_a_change_while_an_entry_is_made_is_taken_in_next(ana: Agent) -> None:
    first, second = make_ticket(make_queue(full=[ana])), make_ticket()
    SearchDue.objects.create(ticket_id=first.pk)

    assert index_due(1) == 1
    assert due() == {second.pk}
    Article.objects.filter(ticket=first).update(text="zanzibar")
    make_search_entries()

    assert SearchEntry.objects.count() == 2
    assert "'zanzibar'" in SearchEntry.objects.get(pk=first.pk).words
    assert "'zanzibar'" not in SearchEntry.objects.get(pk=second.pk).words


def test_a_ticket_that_is_gone_leaves_nothing(ana: Agent) -> None:
    ticket = make_ticket(make_queue(full=[ana]))
    make_search_entries()
    SearchDue.objects.create(ticket_id=ticket.pk + 1)
    SearchEntry.objects.filter(pk=ticket.pk).delete()

    make_search_entries()

    assert (SearchEntry.objects.count(), due()) == (0, set())


def test_the_words_of_a_desk_are_counted_and_forgotten(ana: Agent) -> None:
    queue = make_queue(full=[ana])
    tickets = [make_ticket(queue, text="zanzibar 1234 x2") for _ in range(3)]
    make_search_entries()

    word = SearchWord.objects.get(word="zanzibar")
    assert word.ticket_count == 3
    assert {"zanzibar", "anzibar", "zanziba"} <= set(word.cuts)
    assert not SearchWord.objects.filter(word__in=("1234", "x2", "/zanzibar")).exists()

    for ticket in tickets:
        Article.objects.filter(ticket=ticket).update(text="gone")
    make_search_entries()
    assert not SearchWord.objects.filter(word="zanzibar").exists()


def test_an_empty_file_text_changes_nothing(ana: Agent) -> None:
    file = attach(make_article(make_queue(full=[ana])))
    make_search_entries()

    put_file_text(file.pk, "")
    assert due() == set()

    FileText.objects.create(blob=file.blob, text="zanzibar", read_at=timezone.now())
    put_file_text(file.pk, "zanzibar")
    assert due() == {file.article.ticket_id}


def test_the_doctor_finds_what_is_missing_wrong_and_late(ana: Agent) -> None:
    ticket, other = make_ticket(make_queue(full=[ana])), make_ticket()
    assert [finding.level for finding in _search()] == [Level.OK]
    make_search_entries()
    assert [finding.level for finding in _search()] == [Level.OK]
    assert has_index()
    assert set(sample(10)) >= {ticket.pk, other.pk}

    SearchEntry.objects.filter(pk=ticket.pk).update(words="'wrong'")
    assert wrong_ids([ticket.pk, other.pk]) == [ticket.pk]
    assert [(finding.level, finding.remedy) for finding in _search()] == [(Level.FAIL, "Run: ghiseu search rebuild")]

    SearchEntry.objects.filter(pk=ticket.pk).delete()
    assert missing_count() == 1
    SearchDue.objects.create(ticket_id=ticket.pk)
    assert missing_count() == 0
    make_search_entries()
    assert [finding.level for finding in _search()] == [Level.OK]


@pytest.mark.django_db(transaction=True)
def test_two_workers_beside_those_who_write_leave_an_index_that_is_right(ana: Agent) -> None:
    queues = [make_queue("First", full=[ana]), make_queue("Second", full=[ana])]
    tickets = [make_ticket(queues[0], text=f"number {number}") for number in range(4)]
    done = threading.Event()

    def work() -> None:
        try:
            while not done.is_set():
                index_due(3)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        workers = [pool.submit(work) for _ in range(2)]
        try:
            for turn in range(12):
                ticket = tickets[turn % 4]
                write_note(ticket, text=f"word{turn} in the middle of it", by=ana)
                move_ticket(ticket, to=queues[turn // 4 % 2 == 0], by=ana)
        finally:
            done.set()
        for worker in workers:
            worker.result()

    make_search_entries()
    assert list(all_wrong_ids()) == []
    assert all(f"'word{turn}'" in SearchEntry.objects.get(pk=tickets[turn % 4].pk).words for turn in range(12))


def test_a_common_word_is_counted_about_right() -> None:
    for _batch in range(20):
        vocabulary.learn(vocabulary.Changed(gained=Counter({"salutare": 40})))

    assert SearchWord.objects.get(word="salutare").ticket_count == 800
