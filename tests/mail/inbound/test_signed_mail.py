"""Signed mails on their way into tickets: which mailboxes check them, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from ghiseu.mail.inbound.authentic import dns as authentic_dns
from ghiseu.mail.inbound.authentic.dns import resolver
from ghiseu.mail.inbound.quarantine import file_by_hand
from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import IMPORT, Filter, InboundMail, Mailbox
from tests.factories import make_agent, make_mailbox, make_queue
from tests.mail.inbound.dns_stub import NameServer, name_server
from tests.mail.inbound.signing import RSA, record, sign
from tests.mail.mails import mail_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[NameServer]:
    with name_server() as server:
        server.texts["s1._domainkey.site.example"] = [record(RSA)]
        server.texts["_dmarc.site.example"] = ["v=DMARC1; p=reject"]
        with override_settings(DNS_SERVERS=(("127.0.0.1", server.port),)):
            resolver.cache_clear()
            yield server
            resolver.cache_clear()


@pytest.fixture
def mailbox() -> Mailbox:
    return make_mailbox(make_queue(), checks_signatures=True)


def filed(mailbox: Mailbox, raw: bytes, channel: str = "lmtp") -> InboundMail:
    mail = keep(mailbox=mailbox, raw=raw, channel=channel)
    file_waiting()
    return InboundMail.objects.select_related("article__ticket").get(pk=mail.pk)


def sign_of(mail: InboundMail) -> str:
    assert mail.article is not None, mail.error
    return mail.article.sender_sign


def test_the_sign_and_its_reason_are_kept(server: NameServer, mailbox: Mailbox) -> None:
    proven = filed(mailbox, sign(mail_bytes()))
    forged = filed(mailbox, mail_bytes(text="Give me the password."))

    assert (sign_of(proven), sign_of(forged)) == ("proven", "forged")
    assert "sender proven: own check: DKIM signature of site.example" in proven.trace
    assert "disowns mail that it did not sign" in forged.trace[1]


def test_a_proven_sender_joins_by_the_number_and_a_forged_one_opens_a_new_ticket(
    server: NameServer, mailbox: Mailbox
) -> None:
    first = filed(mailbox, sign(mail_bytes()))
    assert first.article is not None
    subject = f"Re: Site down [#{first.article.ticket.number}]"

    again = filed(mailbox, sign(mail_bytes(subject=subject, message_id="2@site.example")))
    forged = filed(mailbox, mail_bytes(subject=subject, message_id="3@site.example"))

    assert again.article is not None
    assert forged.article is not None
    assert (again.article.ticket, again.article.is_verified) == (first.article.ticket, True)
    assert forged.article.ticket.related == first.article.ticket


def test_a_mailbox_that_does_not_ask_for_it_asks_nobody(server: NameServer) -> None:
    plain = make_mailbox(make_queue())

    assert sign_of(filed(plain, sign(mail_bytes()))) == "unknown"
    assert server.asked == []


def test_where_the_trusted_server_has_judged_nobody_is_asked(server: NameServer, mailbox: Mailbox) -> None:
    mailbox.trusted_server = "mx.desk.example"
    mailbox.save()

    judged = mail_bytes(extra="Authentication-Results: mx.desk.example; dmarc=pass\r\n")
    assert (sign_of(filed(mailbox, judged)), server.asked) == ("proven", [])
    assert sign_of(filed(mailbox, mail_bytes(text="Not judged."))) == "forged"


def test_imported_mail_is_not_checked(server: NameServer, mailbox: Mailbox) -> None:
    assert sign_of(filed(mailbox, mail_bytes(), channel=IMPORT)) == "unknown"
    assert server.asked == []


def test_rules_may_ask_what_our_own_check_found(server: NameServer, mailbox: Mailbox) -> None:
    admin = make_agent("boss", "Doina Munteanu", is_administrator=True)
    Filter.objects.create(name="Forged", query="sign:forged dkim:none dmarc:fail", actions={"quarantine": True})

    forged = filed(mailbox, mail_bytes())

    assert (forged.state, sign_of(filed(mailbox, sign(mail_bytes())))) == ("quarantined", "proven")
    assert file_by_hand(forged, queue=mailbox.queue, by=admin).sender_sign == "forged"


def test_silent_name_servers_do_not_keep_a_mail_from_being_filed(
    server: NameServer, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentic_dns, "SECONDS_FOR_A_MAIL", 0.3)
    server.silent |= {"s1._domainkey.site.example", "_dmarc.site.example"}

    mail = filed(mailbox, sign(mail_bytes()))

    assert sign_of(mail) == "unknown"
    assert "sender not proven: not checked: the DNS did not answer in time" in mail.trace
