"""The pages of incoming mail, quarantine and mailboxes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from structlog.testing import capture_logs

from ghiseu.agent.administration import inbound
from ghiseu.lib.sealing import seal
from ghiseu.mail.inbound.fetch import pauses
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.tickets.blobs import keep_bytes
from ghiseu.tickets.models import Ticket
from ghiseu.tickets.permissions import Right
from tests.agent.test_routes import signed_in
from tests.agent.world import PRIZE, Desk
from tests.factories import grant
from tests.mail.inbound.imap_stub import Account, serving
from tests.mail.mails import mail_bytes

State = InboundMail.State


@pytest.fixture
def client(desk: Desk) -> Client:
    return signed_in(desk.boss)


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    yield
    pauses.__init__()  # type: ignore[misc]  # the next test begins as a new process does


def kept(desk: Desk, number: int, state: str = State.IGNORED, **fields: object) -> InboundMail:
    now = timezone.now()
    values: dict[str, object] = {"trace": [f"decided {number}"], "filed_at": now, "next_try_at": now} | fields
    raw = keep_bytes(mail_bytes(subject=f"Mail {number}"))
    return InboundMail.objects.create(mailbox=desk.mailbox, raw=raw, channel="pipe", state=state, **values)


def page(client: Client, address: str) -> str:
    answer = client.get(f"/administration/{address}")
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, address: str, **form: object) -> str:
    answer = client.post(f"/administration/{address}", form, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_mail_is_listed_with_what_became_of_it(desk: Desk, client: Client) -> None:
    kept(desk, 1, State.FILED, article=desk.article, trace=["new ticket", "priority high by rule “Bank”"])

    without_role = page(client, "incoming/")
    grant(desk.boss, desk.support, Right.READ)
    with_role = page(client, "incoming/")

    for shown in (without_role, with_role):
        assert "priority high by rule “Bank”" in shown
        assert "Mail 1" not in shown
        assert "Your prize" in shown
        assert "lucky@prizes.example" in shown
    assert f"/tickets/{desk.ticket.number}/" not in without_role
    assert f"/tickets/{desk.ticket.number}/#article-{desk.article.pk}" in with_role


def test_the_list_is_narrowed_by_state_mailbox_and_words(desk: Desk, client: Client) -> None:
    one = kept(desk, 1, trace=['ignored by rule “Spam”, said "no"'])

    def shown(query: str) -> list[int]:
        text = page(client, f"incoming/?{query}")
        return [mail.pk for mail in InboundMail.objects.order_by("pk") if f'id="mail-{mail.pk}"' in text]

    assert shown("") == [desk.kept_out.pk, one.pk]
    assert shown("state=ignored") == [one.pk]
    assert shown(f"mailbox={desk.mailbox.pk}&state=quarantined") == [desk.kept_out.pk]
    assert shown("mailbox=999999") == []
    assert shown("words=RULE+“spam”") == [one.pk]
    assert shown("words=said+%22no%22") == [one.pk]
    assert shown("words=100%25") == []
    assert shown("state=nonsense&mailbox=x&after=y&words=%00") == [desk.kept_out.pk, one.pk]


def test_words_are_looked_for_in_the_newest_mails_only(
    desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "MOST_SEARCHED", 1)
    kept(desk, 1, trace=["by rule"])
    newest = kept(desk, 2, trace=["by rule"])

    text = page(client, "incoming/?words=by+rule")

    assert text.count('<li class="record"') == 1
    assert f'id="mail-{newest.pk}"' in text


def test_pages_follow_each_other_without_a_gap(desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound, "PAGE_ROWS", 2)
    mails = [desk.kept_out, *(kept(desk, number) for number in range(4))]

    first = page(client, "incoming/")
    second = page(client, f"incoming/?after={mails[3].pk}")
    last = page(client, f"incoming/?after={mails[1].pk}")
    back = page(client, f"incoming/?before={mails[0].pk}")

    found = [[mail.pk for mail in mails if f'id="mail-{mail.pk}"' in text] for text in (first, second, last, back)]
    ids = [mail.pk for mail in mails]
    assert found == [ids[3:], ids[1:3], ids[:1], ids[1:3]]
    assert ('rel="prev"' in first, 'rel="next"' in first, 'rel="next"' in last) == (False, True, False)
    assert "Nothing more on this page." in page(client, "incoming/?after=1")


def test_the_source_is_a_download_of_bytes(desk: Desk, client: Client) -> None:
    answer = client.get(f"/administration/quarantine/{desk.kept_out.pk}/source/")

    assert answer.content == PRIZE
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="mail-{desk.kept_out.pk}.eml"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_source_of_a_mail_elsewhere_is_its_readers_only(desk: Desk, client: Client) -> None:
    mail = kept(desk, 1, State.FILED, article=desk.article)
    assert client.get(f"/administration/quarantine/{mail.pk}/source/").status_code == 404


def test_several_mails_are_tried_again_at_once(desk: Desk, client: Client) -> None:
    other = kept(desk, 1, State.QUARANTINED)
    elsewhere = kept(desk, 2, State.IGNORED)

    with capture_logs() as logs:
        shown = post(client, "quarantine/again/", mail=[desk.kept_out.pk, other.pk, elsewhere.pk, "x", 10**17])

    assert "2 mails are tried again now." in shown
    assert f"Mail {elsewhere.pk} is not in quarantine any more: it is ignored." in shown
    assert list(InboundMail.objects.order_by("pk").values_list("state", flat=True)) == [
        State.RECEIVED,
        State.RECEIVED,
        State.IGNORED,
    ]
    assert [(line["event"], line["mail"], line["by"]) for line in logs] == [
        ("quarantine_tried_again", desk.kept_out.pk, "boss"),
        ("quarantine_tried_again", other.pk, "boss"),
    ]


def test_a_mail_is_filed_by_hand(desk: Desk, client: Client) -> None:
    shown = post(client, "quarantine/by-hand/", mail=[desk.kept_out.pk], queue=desk.billing.pk)

    assert "1 new ticket in Billing." in shown
    assert Ticket.objects.get(title="Your prize").queue == desk.billing
    assert "Nothing is in quarantine." in shown


def test_filing_by_hand_needs_a_queue_and_a_mail(desk: Desk, client: Client) -> None:
    assert "Choose the queue" in post(client, "quarantine/by-hand/", mail=[desk.kept_out.pk])
    assert "No mail is chosen" in post(client, "quarantine/by-hand/", queue=desk.billing.pk)
    desk.kept_out.refresh_from_db()
    assert desk.kept_out.state == State.QUARANTINED


def test_deleting_asks_first(desk: Desk, client: Client) -> None:
    asked = post(client, "quarantine/delete/", mail=[desk.kept_out.pk])
    desk.kept_out.refresh_from_db()
    assert "Delete these mails?" in asked
    assert "Your prize" in asked
    assert desk.kept_out.state == State.QUARANTINED

    shown = post(client, "quarantine/delete/", mail=[desk.kept_out.pk], sure="yes")
    desk.kept_out.refresh_from_db()
    assert "1 mail is deleted and stays out." in shown
    assert desk.kept_out.state == State.IGNORED


def test_what_a_stranger_wrote_becomes_no_markup(desk: Desk, client: Client) -> None:
    hostile = '"><script>alert(1)</script>'
    raw = keep_bytes(mail_bytes(subject=hostile, sender=f'"{hostile}" <x@y.example>'))
    InboundMail.objects.filter(pk=desk.kept_out.pk).update(raw=raw, error=hostile, trace=[hostile])

    for address in ("incoming/", "quarantine/"):
        assert "<script>alert" not in page(client, address)


def test_a_mailbox_tells_how_it_stands_and_no_password(desk: Desk, client: Client, settings: Settings) -> None:
    now = timezone.now()
    sealed = seal("window-42", key=settings.SECRET_KEY)
    Mailbox.objects.filter(pk=desk.mailbox.pk).update(
        last_error="mx.example lets us not in", failed_at=now, on_server_count=17, not_held_count=3, password=sealed
    )

    shown = page(client, "mailboxes/")

    for words in ("info@desk.example", "mx.example lets us not in", "17", ">3<", "127.0.0.1:1"):
        assert words in shown
    assert sealed not in shown
    assert "window-42" not in shown
    assert "with trouble" in page(client, "incoming/")


@pytest.fixture
def account(desk: Desk, settings: Settings) -> Iterator[Account]:
    account = Account()
    with serving(account) as port:
        password = seal("window-42", key=settings.SECRET_KEY)
        Mailbox.objects.filter(pk=desk.mailbox.pk).update(port=port, login="support", password=password)
        yield account


def test_trying_the_connection_changes_nothing_there(desk: Desk, client: Client, account: Account) -> None:
    account.put(mail_bytes())

    shown = post(client, f"mailboxes/{desk.mailbox.pk}/try/")

    assert "info: the connection works; 1 mail waits there." in shown
    assert (account.changing(), len(account.raws()), InboundMail.objects.count()) == ([], 1, 1)


def test_mail_is_fetched_now(desk: Desk, client: Client, account: Account) -> None:
    account.put(mail_bytes())

    shown = post(client, f"mailboxes/{desk.mailbox.pk}/fetch/")

    assert "info: 1 mail taken." in shown
    assert (account.raws(), InboundMail.objects.count()) == ([], 2)


def test_a_server_that_does_not_answer_is_named(desk: Desk, client: Client) -> None:
    for act in ("try", "fetch"):
        assert "127.0.0.1:1 cannot be reached" in post(client, f"mailboxes/{desk.mailbox.pk}/{act}/")


def test_a_mailbox_that_is_not_fetched_has_nothing_to_try(desk: Desk, client: Client) -> None:
    Mailbox.objects.filter(pk=desk.mailbox.pk).update(protocol="none")

    assert client.post(f"/administration/mailboxes/{desk.mailbox.pk}/try/").status_code == 404
    assert "LMTP or pipe" in page(client, "mailboxes/")
