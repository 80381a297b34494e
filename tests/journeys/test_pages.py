"""The pages in a real browser, on the made-up desk: readable for everybody, and kind to who writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.desk import MILLISECONDS, Desk
from tests.ops.machine import folder, wait_until

pytestmark = pytest.mark.journey

PASSWORD = "pridvor-ana-1"
UNDO_SECONDS = 600
PHONE, WIDE = 390, 1360
# Of WCAG 2.2 levels A and AA, and what axe itself holds for good practice.
AXE = {"resultTypes": ["violations"]}


class AnaAtWork:
    """Ana, signed in, in a window of her own; `complaints` is what the browser had to say about our pages."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        context.set_default_timeout(MILLISECONDS)
        self.context, self.address = context, address
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def sign_in(self) -> AnaAtWork:
        self.go("/sign-in/")
        self.page.fill("#login", "ana")
        self.page.fill("#password", PASSWORD)
        self.page.click("form.sign-in button")
        self.page.wait_for_selector("main h1")
        return self

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}", wait_until="load")


@pytest.fixture(scope="module")
def pridvor() -> Iterator[Desk]:
    """The demo company, filled once for these tests."""
    with folder() as home:
        desk = Desk(home, command="demo", extra={"GHISEU_UNDO_SECONDS": str(UNDO_SECONDS)})
        try:
            desk.restart()
            yield desk
        except BaseException:
            print(desk.output[-8000:])  # noqa: T201 -- shown with the failed test
            raise
        finally:
            desk.end()


@pytest.fixture
def ana(pridvor: Desk, chromium: Browser) -> Iterator[AnaAtWork]:
    context = chromium.new_context(locale="en-US", viewport={"width": WIDE, "height": 900})
    yield AnaAtWork(context, pridvor.address).sign_in()
    context.close()


@pytest.fixture(scope="module")
def pages(pridvor: Desk) -> dict[str, str]:
    """The addresses of every kind of page, on the tickets that have the most to show."""
    [(number, customer)] = pridvor.ask(
        "SELECT t.number, t.customer_id FROM tickets_ticket t JOIN tickets_queue q ON q.id = t.queue_id"
        " WHERE q.name LIKE 'Support%%' ORDER BY t.article_count DESC, t.id LIMIT 1"
    )
    [(ugly,)] = pridvor.ask("SELECT number FROM tickets_ticket WHERE title LIKE '%%<script>%%' LIMIT 1")
    [(article,)] = pridvor.ask(
        "SELECT min(a.id) FROM tickets_article a JOIN tickets_ticket t ON t.id = a.ticket_id"
        " WHERE t.number = %s AND a.raw_id IS NOT NULL",
        number,
    )
    [(view,)] = pridvor.ask(
        'INSERT INTO tickets_view (name, query, columns, "order", grouping, owner_id, audience, position)'
        " SELECT 'Chosen', 'is:open', '{priority,number,title,state,due,tags}', 'changed', 'queue', id, 'me', 0"
        " FROM people_agent WHERE login = 'ana' RETURNING id"
    )
    ticket = f"/tickets/{number}/"
    return {
        "list": "/",
        "damaged address": "/?view=mine&order=oldest&after=nothing",
        "queue": "/queues/1/?view=closed",
        "groups": "/?group=owner",
        "a list that cannot be asked for": "/?q=is:opne",
        "a view with columns": f"/?view={view}",
        "views": "/views/",
        "a view to change": f"/views/{view}/",
        "a new view": "/views/new/?q=quue:Support",
        "ticket": ticket,
        "ticket of a hostile mail": f"/tickets/{ugly}/",
        "answer": f"{ticket}?write=reply",
        "note": f"{ticket}?write=note",
        "question to a third party": f"{ticket}?write=ask",
        "message passed on": f"{ticket}?write=forward&article={article}",
        "mail redirected": f"{ticket}?write=redirect&article={article}",
        "new ticket": f"/tickets/new/?customer={customer}",
        "new ticket after a call": "/tickets/new/?channel=phone",
        "customer": f"/customers/{customer}/",
        "outgoing mail": "/outgoing/",
        "search": "/search/",
        "what a search finds": "/search/?q=site",
        "a search that finds nothing": "/search/?q=zeppelin+queue:Suport",
        "a question with a mistake": "/search/?q=quue:Support",
        "how to ask": "/search/help/",
        "the archive": "/?view=archive",
        "mailboxes": "/administration/mailboxes/",
        "a new mailbox": "/administration/mailboxes/new/",
        "archive by queue": "/administration/archive/",
        "retention": "/administration/retention/",
        "new rule of retention": "/administration/retention/new/",
        "my settings": "/me/",
        "not found": "/tickets/20990101000000/",
    }


@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_by_everybody(
    pridvor: Desk, chromium: Browser, pages: dict[str, str], scheme: str, width: int
) -> None:
    context = chromium.new_context(
        locale="en-US",
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    visitor = AnaAtWork(context, pridvor.address)
    visitor.go("/sign-in/")
    found = faults(visitor.page, "sign in")
    visitor.sign_in()
    for name, path in pages.items():
        visitor.go(path)
        found += faults(visitor.page, name)
    visitor.page.keyboard.press("?")
    found += faults(visitor.page, "keys")
    context.close()
    assert found == []
    assert [words for words in visitor.complaints if not re.search("40[04]|422", words)] == []


def faults(page: Page, name: str) -> list[str]:
    """What axe holds against the page, and whether it must be scrolled sideways."""
    results = Axe().run(page, options=AXE).response
    found = [
        f"{name}: {fault['id']}: {[node['target'] for node in fault['nodes']][:3]}" for fault in results["violations"]
    ]
    too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*found, f"{name}: {too_wide} px too wide"] if too_wide > 0 else found


def open_box(ana: AnaAtWork, pages: dict[str, str], key: str = "r") -> None:
    ana.go(pages["ticket"])
    ana.page.keyboard.press(key)
    ana.page.locator("answer-box").wait_for()


def test_the_first_word_goes_between_salutation_and_signature(ana: AnaAtWork, pages: dict[str, str]) -> None:
    open_box(ana, pages)
    opening = ana.page.locator("#box-text").input_value()
    expect(ana.page.locator("#box-text")).to_be_focused()

    ana.page.keyboard.type("It works again.")

    head, _rule, signature = opening.partition("\n\n-- \n")
    assert head
    assert ana.page.locator("#box-text").input_value() == f"{head}It works again.\n\n-- \n{signature}"


def test_an_untouched_box_leaves_no_draft_and_a_touched_one_does(ana: AnaAtWork, pages: dict[str, str]) -> None:
    open_box(ana, pages)
    assert ana.page.evaluate("localStorage.length") == 0

    ana.page.keyboard.type("Half a sentence")
    open_box(ana, pages)

    text = ana.page.locator("#box-text")
    assert "Half a sentence" in text.input_value()
    ana.page.get_by_role("button", name="Empty it").click()
    assert "Half a sentence" not in text.input_value()
    assert "-- \n" in text.input_value()
    open_box(ana, pages)
    assert "Half a sentence" not in text.input_value()


def test_an_answer_is_taken_back_and_stands_in_the_box_again(ana: AnaAtWork, pages: dict[str, str]) -> None:
    open_box(ana, pages)
    ana.page.locator("#box-to").fill("Vera <vera@site.example>")
    ana.page.locator("#box-bcc").fill("boss@site.example")
    ana.page.locator("#box-text").fill("Too early")
    ana.page.get_by_role("button", name="Send", exact=True).click()
    message = ana.page.locator(".message--agent", has_text="Too early")
    message.wait_for()
    words = ana.page.locator("undo-bar")
    first = int(re.findall(r"\d+", words.inner_text())[0])
    expect(words).not_to_contain_text(str(first))
    assert ana.page.evaluate("localStorage.length") == 0

    words.get_by_role("button", name="Take back").click()

    expect(ana.page.locator("#box-text")).to_have_value("Too early")
    expect(ana.page.locator("#box-to")).to_have_value("Vera <vera@site.example>")
    expect(ana.page.locator("#box-bcc")).to_have_value("boss@site.example")
    expect(message).to_contain_text("Taken back, never sent")
    expect(ana.page.locator("undo-bar")).to_have_count(0)
    assert ana.complaints == []


def test_a_message_is_passed_on_and_a_mail_redirected(ana: AnaAtWork, pages: dict[str, str]) -> None:
    ana.go(pages["ticket"])
    first = ana.page.locator(".message--customer").first
    first.get_by_role("button", name="Pass on").click()
    expect(ana.page.locator("answer-box")).to_contain_text("The customer does not see this.")
    ana.page.locator("#box-to").fill("help@nic.example")
    ana.page.locator("#box-text").press("Control+Enter")
    expect(ana.page.locator(".message--asked")).to_contain_text("unseen by the customer")

    first.get_by_role("button", name="Redirect").click()
    expect(ana.page.locator("#box-to")).to_be_focused()
    ana.page.locator("#box-to").fill("boss@far.example")
    ana.page.keyboard.press("Enter")

    expect(first).to_contain_text("redirected: boss@far.example")
    assert ana.complaints == []


def test_another_queue_signs_otherwise_until_something_is_typed(ana: AnaAtWork) -> None:
    ana.go("/")
    ana.page.keyboard.press("c")
    text, queue = ana.page.locator("#box-text"), ana.page.locator("#box-queue")
    queue.select_option(label="Abuse")
    expect(text).to_have_value(re.compile("Abuse"))
    queue.select_option(label="Support")
    expect(text).not_to_have_value(re.compile("Abuse"))

    ana.page.get_by_text("The customer has called").click()
    expect(text).to_have_value("")
    text.fill("She cannot sign in.")
    queue.select_option(label="Abuse")
    ana.page.locator("#box-to").fill("vera at site")
    ana.page.locator("#box-subject").fill("Cannot sign in")
    ana.page.get_by_role("button", name="Make the ticket").click()
    expect(ana.page.locator("#refusal")).to_contain_text("vera at site")
    expect(text).to_have_value("She cannot sign in.")

    ana.page.locator("#box-to").fill("Vera <vera@site.example>")
    ana.page.get_by_role("button", name="Make the ticket").click()

    expect(ana.page.locator(".message--phone")).to_contain_text("She cannot sign in.")
    assert ana.page.evaluate("localStorage.length") == 0
    assert [words for words in ana.complaints if "422" not in words] == []


def test_the_box_offers_fields_and_values_and_leads_to_the_very_words(pridvor: Desk, ana: AnaAtWork) -> None:
    wait_until("everything in the index", lambda: pridvor.ask("SELECT FROM tickets_searchdue LIMIT 1") == [])
    ana.go("/")
    ana.page.keyboard.press("/")
    box, offered = (
        ana.page.get_by_role("combobox", name="Search tickets"),
        ana.page.get_by_role("listbox", name="Suggestions"),
    )
    expect(box).to_be_focused()
    ana.page.keyboard.type("site que")
    expect(offered.get_by_role("option").first).to_contain_text("queue:")
    expect(box).to_have_attribute("aria-expanded", "true")

    ana.page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "completion-1")
    ana.page.keyboard.press("Enter")
    expect(box).to_have_value("site queue:")
    ana.page.keyboard.type("Sup")
    expect(offered.get_by_role("option").first).to_contain_text("Support")
    ana.page.keyboard.press("ArrowDown")
    ana.page.keyboard.press("Tab")
    expect(box).to_have_value("site queue:Support ")
    expect(offered).to_be_hidden()
    ana.page.keyboard.press("Enter")

    expect(ana.page.locator(".hit").first).to_be_visible()
    expect(ana.page.locator(".hit mark").first).to_have_text(re.compile("site", re.IGNORECASE))
    ana.page.keyboard.press("j")
    expect(ana.page.locator(".hit__title").first).to_be_focused()
    ana.page.keyboard.press("Enter")
    expect(ana.page.locator("#conversation")).to_be_visible()
    assert re.search(r"#article-\d+$", ana.page.url.split(":~:")[0])
    # The same word may stand in a menu, which a browser would open to show it.
    expect(ana.page.locator("details.menu[open]")).to_have_count(0)
    assert ana.complaints == []


def test_escape_closes_the_list_and_keeps_what_was_typed(ana: AnaAtWork) -> None:
    ana.go("/search/")
    box, offered = (
        ana.page.get_by_role("combobox", name="Search tickets"),
        ana.page.get_by_role("listbox", name="Suggestions"),
    )
    box.press_sequentially("owner:")
    expect(offered).to_be_visible()

    box.press("Escape")

    expect(offered).to_be_hidden()
    expect(box).to_have_value("owner:")
    box.press("ArrowDown")
    offered.get_by_role("option", name="me", exact=True).click()
    expect(box).to_have_value("owner:me ")
    expect(box).to_be_focused()


def test_everything_works_without_javascript(pridvor: Desk, chromium: Browser, pages: dict[str, str]) -> None:
    context = chromium.new_context(locale="en-US", java_script_enabled=False)
    ana = AnaAtWork(context, pridvor.address).sign_in()
    ana.go(pages["ticket"])
    ana.page.get_by_role("button", name="Answer", exact=True).first.click()
    ana.page.locator("#box-to").fill("vera@site.example")
    ana.page.locator("#box-text").fill("Sent without a script")
    ana.page.get_by_role("button", name="Send", exact=True).click()
    expect(ana.page.locator("undo-bar")).to_contain_text(re.compile(r"Sent in \d+ s"))

    ana.page.locator("undo-bar").get_by_role("button", name="Take back").click()

    expect(ana.page.locator("#box-text")).to_have_value("Sent without a script")
    expect(ana.page.locator("#box-to")).to_have_value("vera@site.example")
    context.close()
