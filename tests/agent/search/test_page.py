"""The page of answers: what was found and why, how to narrow it, and honest words where there is nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from typing import Any
from urllib.parse import unquote_plus

import pytest

from ghiseu.people.models import Agent
from ghiseu.tickets.actions import NewFile, close_ticket, receive_message, write_note
from ghiseu.tickets.files.reading import read_waiting
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.search import walk
from tests import files
from tests.agent.search.index import bring_up_to_date
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import make_customer, make_message, make_queue, make_ticket


def page(agent: Agent, text: str, **more: Any) -> str:
    bring_up_to_date()
    answer = signed_in(agent).get("/search/", {"q": text} | more)
    assert answer.status_code == 200
    return answer.content.decode()


def found(agent: Agent, text: str, **more: Any) -> list[str]:
    """The titles of the hits, in order, without marks."""
    titles = re.findall(r'class="hit__title[^>]*>(.*?)</a>', page(agent, text, **more))
    return [unescape(re.sub("</?mark>", "", title)) for title in titles]


def test_a_word_in_a_message_is_found_with_the_words_around_it(desk: Desk) -> None:
    make_ticket(desk.support, subject="Question", text="Good day. Where is my invoice of January?")

    shown = page(desk.ana, "invoice")

    assert "Where is my <mark>invoice</mark> of January?" in shown
    assert "Message of Vera Moraru" in shown


def test_a_hit_leads_to_the_very_article_and_words(desk: Desk) -> None:
    ticket = make_ticket(desk.support, subject="Question", text="Where is my invoice?")
    article = ticket.articles.get()

    assert f'href="/tickets/{ticket.number}/#article-{article.pk}:~:text=Where%20is%20my-,invoice%3F"' in page(
        desk.ana, "invoice"
    )


def test_a_note_says_that_it_is_one(desk: Desk) -> None:
    write_note(desk.ticket, text="She never pays an invoice.", by=desk.ana)

    shown = page(desk.ana, "invoice")

    assert "Note of Ana Popescu" in shown
    assert "hit__place--note" in shown


def test_words_inside_a_file_and_in_its_name(desk: Desk) -> None:
    file = NewFile("contract.pdf", "application/pdf", files.pdf("Termination of hosting"))
    make_ticket(desk.support, subject="Question", files=[file])
    read_waiting()

    inside, name = page(desk.ana, '"termination of hosting"'), page(desk.ana, "filename:contract")

    assert "Inside a file" in inside
    assert re.search(r"<mark>Termination.*hosting</mark>", inside)
    assert "contract.pdf" in re.sub("</?mark>", "", name)


def test_markup_in_titles_texts_names_and_files_is_shown_as_text(desk: Desk) -> None:
    evil = '<img src=x onerror="alert(1)"> invoice'
    make_ticket(
        desk.support,
        customer=make_customer("x@y.example", evil),
        subject=evil,
        text=evil,
        files=[NewFile(f"{evil}.txt", "text/plain", evil.encode())],
    )
    read_waiting()

    for question in ("invoice", "filename:invoice", "customer:invoice", '"img src"', "subject:~<img"):
        shown = page(desk.ana, question)
        assert "<img" not in shown
        assert 'class="hit__title' in shown


def test_the_question_itself_is_shown_as_text(desk: Desk) -> None:
    for text in ('"><script>alert(1)</script>', "queue:<b>x</b>", "'; DROP TABLE tickets_ticket; --"):
        answer = signed_in(desk.ana).get("/search/", {"q": text})
        assert answer.status_code in (200, 422)
        assert "<script>alert" not in answer.content.decode()
        assert "<b>x" not in answer.content.decode()


def test_a_mistake_is_pointed_at_with_what_would_be_right(desk: Desk) -> None:
    answer = signed_in(desk.ana).get("/search/", {"q": "invoice quue:Support"})

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert '<code>invoice <mark class="search-question__wrong">quue</mark>:Support</code>' in shown
    assert 'href="/search/?q=invoice+queue%3ASupport"' in shown


@pytest.mark.parametrize(
    "text", ["(" * 1_000, "x" * 10_000, '"', "a OR", "queue:", "a\x00b", ":~", "[a-z]+$", "\\", "%_%", "🙂" * 300, "()"]
)
def test_whatever_is_asked_is_answered_in_words(desk: Desk, text: str) -> None:
    assert signed_in(desk.ana).get("/search/", {"q": text}).status_code in (200, 422)
    assert signed_in(desk.ana).get("/search/options/", {"q": text}).status_code == 200
    assert signed_in(desk.ana).get("/search/archive/", {"q": text}).status_code == 200


def test_a_queue_that_is_not_there_gets_a_word_about_it(desk: Desk) -> None:
    shown = page(desk.ana, "queue:Suport")

    assert "Nothing is named “Suport” in “queue”. Did you mean Support?" in shown
    assert 'href="/search/?q=queue%3ASupport"' in shown


def test_a_number_alone_leads_to_the_ticket(desk: Desk) -> None:
    answer = signed_in(desk.ana).get("/search/", {"q": f"[#{desk.ticket.number}]"})

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/tickets/{desk.ticket.number}/")


def test_an_empty_box_says_what_it_takes(desk: Desk) -> None:
    assert "owner:me is:waiting" in page(desk.ana, "  ")


def test_what_nobody_wrote_is_not_found_and_said_so(desk: Desk) -> None:
    assert "No ticket that you may see fits “zeppelin”." in page(desk.ana, "zeppelin")


def test_nothing_of_other_queues_is_found_counted_or_offered(desk: Desk) -> None:
    secret = make_ticket(
        desk.billing,
        subject="Zeppelin merger",
        text="The zeppelin is sold.",
        customer=make_customer("boss@zeppelin.example", "Graf Zeppelin"),
        files=[NewFile("zeppelin.txt", "text/plain", b"zeppelin plans")],
    )
    read_waiting()
    questions = (
        "zeppelin",
        "zepelin",
        "zep*",
        "filename:zeppelin",
        "from:@zeppelin.example",
        "in:all",
        f"number:{secret.number}",
        '"zeppelin plans"',
        "customer:Graf",
    )

    for question in questions:
        assert found(desk.ion, question) in (["Zeppelin merger"], []), question
        for agent in (desk.ana, desk.stranger, desk.boss):
            shown = unquote_plus(unescape(page(agent, question, numbers=""))).replace(question, "")
            assert "eppelin" not in shown, (agent.login, question)
            assert "Billing" not in shown, (agent.login, question)
    assert found(desk.ion, "zeppelin") == ["Zeppelin merger"]


def test_a_queue_that_one_may_not_read_is_answered_like_one_that_is_not_there(desk: Desk) -> None:
    def main_of(name: str) -> str:
        shown = page(desk.ana, f"queue:{name} OR was:queue={name}")
        return shown[shown.index("<main") : shown.index("</main>")].replace(name, "NAME")

    assert main_of("Billing") == main_of("Milling")


def test_numbers_come_after_the_page_and_correct_its_heading(desk: Desk) -> None:
    for number in range(27):
        make_ticket(desk.support, subject=f"Invoice {number}")
    bring_up_to_date()
    address = "/search/numbers/?q=subject%3Ainvoice&amp;order=newest"
    assert f'hx-get="{address}" hx-trigger="load"' in page(desk.ana, "subject:invoice")

    piece = signed_in(desk.ana).get(unescape(address)).content.decode()

    assert "<!DOCTYPE" not in piece
    assert re.search(r'<h1 id="search-count" hx-swap-oob="innerHTML">27 tickets</h1>', piece)
    assert re.search(r'Support</span>\s*<span class="facet__count">27</span>', piece)
    nothing = signed_in(desk.ion).get(unescape(address)).content.decode()
    assert "Support" not in nothing
    assert ">0 tickets<" in nothing


def test_facets_narrow_and_widen(desk: Desk) -> None:
    hosting = make_queue("Hosting", full=[desk.ana])
    for queue in (hosting, hosting, desk.support):
        make_ticket(queue, subject="Invoice", customer=make_customer(f"{Ticket.objects.count()}@site.example", ""))

    narrower = re.search(
        r'<a class="facet__line" href="([^"]+queue%3AHosting[^"]*)"', page(desk.ana, "subject:invoice", numbers="")
    )
    assert narrower is not None
    shown = signed_in(desk.ana).get(f"{unescape(narrower[1])}&numbers").content.decode()

    assert shown.count('<li class="hit ') == 2
    wider = re.search(r'<a class="facet__line" href="([^"]+)" aria-current="true"', shown)
    assert wider is not None
    assert unescape(wider[1]) == "/search/?q=subject%3Ainvoice"


def test_pages_follow_one_another_without_loss_or_double(desk: Desk) -> None:
    for number in range(27):
        make_ticket(desk.support, subject=f"Invoice {number}")
    first = page(desk.ana, "subject:invoice")
    following = re.search(r'rel="next" href="([^"]+)" data-key="n"', first)
    assert following is not None

    second = signed_in(desk.ana).get(unescape(following[1])).content.decode()

    titles = [re.sub("</?mark>", "", title) for title in re.findall(r"hit__title[^>]*>(.*?)</a>", first + second)]
    assert titles == [f"Invoice {number}" for number in range(26, -1, -1)]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk so large that no slice leaves time for a second one."""
    monkeypatch.setattr(walk, "FIRST_SLICE", 2)
    monkeypatch.setattr(walk, "SLICES_BEFORE_ALL", 1000)
    monkeypatch.setattr(walk, "LONG_SECONDS", 0.0)
    monkeypatch.setattr("ghiseu.agent.search.page.SECONDS_FOR_A_PAGE", 0.0)


def many(desk: Desk, rare: Iterable[int]) -> None:
    for number in range(9):
        make_ticket(desk.support, subject=f"Common {number}", text="rare" if number in rare else "usual")


@pytest.mark.usefixtures("hurried")
def test_a_search_that_stopped_says_how_far_it_came_and_goes_on(desk: Desk) -> None:
    many(desk, rare=[0])
    shown = page(desk.ana, "rare")
    assert "Common 0" not in shown

    for _page in range(9):
        if "Common 0" in shown:
            break
        assert re.search(r"Searched back to \d+ \w+ \d{4}, \d\d:\d\d\.", shown)
        assert "No ticket that you may see fits" not in shown
        older = re.search(r'rel="next" href="([^"]+)" data-key="n">Go on with older ones', shown)
        assert older is not None
        shown = signed_in(desk.ana).get(unescape(older[1])).content.decode()

    assert "Common 0" in shown


def looked_on(agent: Agent, shown: str) -> list[str]:
    """The page, and what it asks for by itself until it is at its end."""
    pieces = [shown]
    while asked := re.search(r'<li class="search-reached" hx-get="([^"]+)" hx-trigger="load"', pieces[-1]):
        answer = signed_in(agent).get(unescape(asked[1]), headers={"HX-Request": "true"})
        assert answer.status_code == 200
        pieces.append(answer.content.decode())
    return pieces


@pytest.mark.usefixtures("hurried")
def test_a_page_that_stopped_looks_on_by_itself_and_ends_with_their_number(desk: Desk) -> None:
    many(desk, rare=[0, 4, 7])

    first, *others = looked_on(desk.ana, page(desk.ana, "rare"))

    titles = re.findall(r"hit__title[^>]*>(.*?)</a>", "".join([first, *others]))
    assert titles == ["Common 7", "Common 4", "Common 0"]
    assert len(others) > 1
    assert [piece.count("<html") for piece in (first, *others)] == [1] + [0] * len(others)
    ends = [re.search(r'<h1 id="search-count" [^>]*>(.*?)</h1>', piece, re.DOTALL) for piece in (first, *others)]
    assert [end and end[1] for end in ends] == ["Tickets"] * len(others) + ["3 tickets"]
    assert "search-reached" not in others[-1]


@pytest.mark.usefixtures("hurried")
def test_a_page_that_looked_everywhere_says_that_nothing_fits(desk: Desk) -> None:
    many(desk, rare=[])

    first, *others = looked_on(desk.ana, page(desk.ana, "zeppelin common"))

    assert all("fits “zeppelin common”" not in piece for piece in (first, *others[:-1]))
    assert "No ticket that you may see fits “zeppelin common”." in others[-1]
    assert "Nothing found</h1>" in others[-1]


@pytest.mark.usefixtures("hurried")
def test_a_page_looks_on_so_often_and_then_waits_for_a_wish(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ghiseu.agent.search.page.MOST_ROUNDS", 2)
    many(desk, rare=[0])

    pieces = looked_on(desk.ana, page(desk.ana, "rare"))

    assert len(pieces) == 3
    assert re.search(r'<li class="search-reached" >.*rel="next" href="([^"]+)"', pieces[-1], re.DOTALL)
    assert "Looking further back" not in pieces[-1]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"q": "((("},
        {"q": "x", "shown": "-1", "rounds": "9" * 50},
        {"q": "x", "shown": "24x", "rounds": "²"},
        {"q": "a" * 5000},
    ],
)
def test_a_damaged_address_of_looking_on_does_no_harm(desk: Desk, asked: dict[str, str]) -> None:
    assert signed_in(desk.ana).get("/search/more/", asked).status_code == 200


def test_looking_on_shows_nothing_that_one_may_not_see(desk: Desk) -> None:
    make_ticket(desk.billing, subject="Merger of secrets")
    bring_up_to_date()

    answers = [
        signed_in(agent).get("/search/more/", {"q": "merger", "first": "1"}).content.decode()
        for agent in (desk.ion, desk.ana, desk.stranger)
    ]

    assert ["of secrets" in answer for answer in answers] == [True, False, False]
    assert answers[1].replace("merger", "") == answers[2].replace("merger", "")


def test_a_damaged_page_address_is_refused_with_a_sentence(desk: Desk) -> None:
    assert signed_in(desk.ana).get("/search/", {"q": "is:open", "after": "x'--"}).status_code in (400, 422)


def test_the_archive_is_counted_and_one_click_away(desk: Desk) -> None:
    old = make_ticket(desk.support, subject="Zeppelin of old")
    close_ticket(old, by=desk.ana)
    Ticket.objects.filter(pk=old.pk).update(archived_at=old.created_at)
    bring_up_to_date()

    line = signed_in(desk.ana).get("/search/archive/", {"q": "zeppelin OR airship"}).content.decode()

    assert found(desk.ana, "zeppelin") == []
    assert "Also in the archive: 1" in line
    href = re.search(r'href="([^"]+)"', line)
    assert href is not None
    assert "Zeppelin</mark> of old" in signed_in(desk.ana).get(unescape(href[1])).content.decode()
    assert signed_in(desk.ion).get("/search/archive/", {"q": "zeppelin"}).content.strip() == b""


def test_a_misspelt_word_offers_what_was_meant(desk: Desk) -> None:
    for number in range(3):
        make_ticket(desk.support, subject=f"Certificate {number}", text="The certificate has expired.")

    shown = page(desk.ana, "certficate")

    assert "Did you mean" in shown
    assert 'href="/search/?q=certificate"' in shown


def test_similar_tickets_at_the_side(desk: Desk) -> None:
    words = "The certificate of webmail.moraru.example has expired since Tuesday"
    like = make_ticket(desk.support, subject="Certificate expired", text=words)
    make_ticket(desk.billing, subject="Certificate bill", text=words)
    open_one = make_ticket(desk.support, subject="Webmail certificate", text=words)
    bring_up_to_date()

    piece = signed_in(desk.ana).get(f"/search/similar/{open_one.number}/", headers={"HX-Request": "true"})

    assert f'href="/tickets/{like.number}/"' in piece.content.decode()
    assert "Certificate bill" not in piece.content.decode()


def test_a_hit_in_a_long_conversation_opens_all_of_it(desk: Desk) -> None:
    receive_message(desk.ticket, make_message(text="A zeppelin", message_id="z@x"), customer=desk.ticket.customer)
    Ticket.objects.filter(pk=desk.ticket.pk).update(article_count=61)

    assert f'href="/tickets/{desk.ticket.number}/?all#article-' in page(desk.ana, "zeppelin")
