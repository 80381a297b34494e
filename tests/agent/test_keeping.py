"""The archive and the legal hold as agents meet them: on a ticket, in a list, on a customer's page."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from ghiseu.agent import archived
from ghiseu.mail.forgetting import forget_mails
from ghiseu.tickets.actions import close_ticket
from ghiseu.tickets.actions.erase import Act, erase_ticket
from ghiseu.tickets.models import LegalHold, Ticket
from ghiseu.tickets.permissions import Right
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import grant, make_ticket


def closed_ticket(desk: Desk, title: str) -> Ticket:
    return close_ticket(make_ticket(desk.support, customer=desk.ticket.customer, subject=title), by=desk.ana)


def test_a_closed_ticket_is_archived_by_one_button_and_found_by_one_click(desk: Desk) -> None:
    client = signed_in(desk.ana)
    ticket = closed_ticket(desk, "Old matter")
    page = f"/tickets/{ticket.number}/"
    assert f'action="{page}archive/"' in client.get(page).content.decode()

    client.post(f"{page}archive/")

    shown = client.get(page).content.decode()
    assert "in the archive" in shown
    assert f'action="{page}bring-back/"' in shown
    assert "Old matter" not in client.get("/?view=closed").content.decode()
    assert "Old matter" in client.get("/?view=archive").content.decode()
    assert "Old matter" in client.get(f"/queues/{desk.support.pk}/?view=archive").content.decode()

    client.post(f"{page}bring-back/")

    assert "Old matter" in client.get("/?view=closed").content.decode()


def test_an_open_ticket_offers_no_archive(desk: Desk) -> None:
    page = signed_in(desk.ana).get(f"/tickets/{desk.ticket.number}/").content.decode()

    assert "/archive/" not in page


def test_lists_say_how_much_more_the_archive_has(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # A busy machine may take longer; then the number is left out.
    monkeypatch.setattr(archived, "MILLISECONDS_TO_COUNT", 60_000)
    client = signed_in(desk.ana)
    for number in range(3):
        client.post(f"/tickets/{closed_ticket(desk, f'Old {number}').number}/archive/")
    closed_ticket(desk, "Young")

    closed, asked = (
        client.get("/?view=closed").content.decode(),
        client.get("/?q=-is:open priority:normal").content.decode(),
    )
    opened = client.get("/").content.decode()

    assert '<a href="?view=archive">Also in the archive: 3</a>' in closed
    assert "Also in the archive: 3" in asked
    assert "?q=%28-is%3Aopen+priority%3Anormal%29+in%3Aarchive" in asked
    assert "Also in the archive" not in opened
    assert "Also in the archive" not in client.get("/?view=archive").content.decode()


def test_the_number_of_archived_tickets_counts_only_what_one_may_see(desk: Desk) -> None:
    signed_in(desk.ana).post(f"/tickets/{closed_ticket(desk, 'Old').number}/archive/")

    assert "Also in the archive" not in signed_in(desk.ion).get("/?view=closed").content.decode()


def test_all_of_a_list_goes_into_the_archive_where_one_may_close(desk: Desk) -> None:
    grant(desk.ion, desk.support, Right.READ)
    theirs, mine = closed_ticket(desk, "In support"), make_ticket(desk.billing, subject="In billing")
    close_ticket(mine, by=desk.ion)

    answer = signed_in(desk.ion).post("/archive/", {"view": "closed"}, follow=True)

    assert "1 ticket is in the archive now." in answer.content.decode()
    assert [Ticket.objects.get(pk=one.pk).archived_at is None for one in (theirs, mine)] == [True, False]

    signed_in(desk.ana).post("/archive/", {"view": "closed", "queue": desk.support.pk})

    assert Ticket.objects.get(pk=theirs.pk).archived_at is not None
    assert signed_in(desk.ana).post("/archive/", {"queue": desk.billing.pk}).status_code == 404


def test_a_customers_page_leaves_the_archive_one_click_away(desk: Desk) -> None:
    client = signed_in(desk.ana)
    page = f"/customers/{desk.ticket.customer_id}/"
    client.post(f"/tickets/{closed_ticket(desk, 'Old matter').number}/archive/")

    short, whole = client.get(page).content.decode(), client.get(f"{page}?all").content.decode()

    assert "Also in the archive: 1" in short
    assert ("Old matter" in short, "Old matter" in whole) == (False, True)
    close_ticket(desk.ticket, by=desk.ana)
    client.post(f"/tickets/{desk.ticket.number}/archive/")
    assert "Old matter" in client.get(page).content.decode()


def test_a_legal_hold_is_shown_with_its_reason_and_lifted_by_who_may_do_everything(desk: Desk) -> None:
    page = f"/tickets/{desk.ticket.number}/"
    grant(desk.ion, desk.support, Right.READ, Right.CLOSE)
    ana, ion = signed_in(desk.ana), signed_in(desk.ion)

    ion.post(f"{page}hold/", {"reason": "Claim 17 at the court"})

    shown = ion.get(page).content.decode()
    assert "Claim 17 at the court" in shown
    assert (f"{page}release/" in shown, f"{page}release/" in ana.get(page).content.decode()) == (False, True)
    assert ion.post(f"{page}release/").status_code == 403

    ana.post(f"{page}release/")

    assert "Claim 17 at the court" not in ana.get(page).content.decode().partition('id="conversation"')[0]
    assert LegalHold.objects.get().lifted_by == desk.ana


def test_a_hold_without_a_reason_is_refused(desk: Desk) -> None:
    answer = signed_in(desk.ana).post(f"/tickets/{desk.ticket.number}/hold/", {"reason": "  "})

    assert (answer.status_code, LegalHold.objects.count()) == (422, 0)


def test_an_administrator_who_sees_the_customer_holds_all_their_tickets(desk: Desk) -> None:
    page, boss = f"/customers/{desk.ticket.customer_id}/", signed_in(desk.boss)
    assert boss.post(f"{page}hold/", {"reason": "Claim 18"}).status_code == 404
    assert signed_in(desk.ana).post(f"{page}hold/", {"reason": "Claim 18"}).status_code == 404
    grant(desk.boss, desk.support, Right.READ)

    boss.post(f"{page}hold/", {"reason": "Claim 18"})

    assert "Claim 18" in boss.get(page).content.decode()
    assert "The customer is under legal hold" in boss.get(f"/tickets/{desk.ticket.number}/").content.decode()

    boss.post(f"{page}hold/", {"lift": "yes"})

    assert not LegalHold.objects.in_force().exists()


def test_an_erased_ticket_says_so_and_offers_nothing(desk: Desk) -> None:
    grant(desk.ana, desk.billing, Right.MOVE_INTO)
    ticket = closed_ticket(desk, "Private matter")
    Ticket.objects.filter(pk=ticket.pk).update(closed_at=timezone.now() - dt.timedelta(days=900))
    assert erase_ticket(ticket.pk, act=Act.DELETE, rule="Two years", forget=forget_mails)

    page = signed_in(desk.ana).get(f"/tickets/{ticket.number}/").content.decode()

    assert "Private matter" not in page
    assert "by a rule of retention" in page
    assert "Two years" in page
    assert 'method="post" action="/tickets/' not in page
    assert "earlier message" not in page
