"""Who is no administrator finds nothing behind this door; and administering alone shows no ticket."""

from __future__ import annotations

import pytest
from django.test import Client

from ghiseu.mail.models import InboundMail
from ghiseu.people.models import Agent
from tests.agent.administration.table import ADMINISTRATION
from tests.agent.test_routes import address, form, signed_in
from tests.agent.world import Desk


@pytest.mark.parametrize("name", ADMINISTRATION)
def test_what_is_there_looks_like_what_is_not(desk: Desk, name: str) -> None:
    client = signed_in(desk.ana)
    nothing = client.get("/administration/nothing/")

    for answer in (client.get(address(desk, name)), client.post(address(desk, name), form(desk, name))):
        assert (answer.status_code, answer.content) == (404, nothing.content)
        assert dict(answer.headers) == dict(nothing.headers)


def test_a_form_without_our_token_does_not_tell_what_is_there(desk: Desk) -> None:
    def strict(agent: Agent) -> Client:
        client = Client(enforce_csrf_checks=True)
        client.force_login(agent, backend="ghiseu.agent.session.Agents")
        return client

    nothing = strict(desk.ana).post("/administration/nothing/")
    for name in ADMINISTRATION:
        answer = strict(desk.ana).post(address(desk, name))
        assert (answer.status_code, answer.content) == (404, nothing.content), name
        assert dict(answer.headers) == dict(nothing.headers)
    assert strict(desk.boss).post(address(desk, "administration-rule-new")).status_code == 403


def test_only_administrators_are_shown_the_way(desk: Desk) -> None:
    assert "/administration/" not in signed_in(desk.ana).get("/").content.decode()
    assert "/administration/incoming/" in signed_in(desk.boss).get("/").content.decode()


def test_who_is_no_administrator_any_more_is_out_at_the_next_request(desk: Desk) -> None:
    client = signed_in(desk.boss)
    assert client.get("/administration/incoming/").status_code == 200

    desk.boss.is_administrator = False
    desk.boss.save()

    assert client.get("/administration/incoming/").status_code == 404


def test_administering_shows_no_ticket_and_no_text(desk: Desk) -> None:
    article = desk.article
    assert article.raw is not None
    InboundMail.objects.create(
        mailbox=desk.mailbox,
        raw=article.raw,
        channel="imap",
        state=InboundMail.State.FILED,
        article=article,
        filed_at=article.created_at,
        next_try_at=article.created_at,
        trace=["new ticket"],
    )
    client = signed_in(desk.boss)

    for page in ("incoming/", "quarantine/", "mailboxes/", "rules/", f"rules/{desk.rule.pk}/"):
        shown = client.get(f"/administration/{page}").content.decode()
        for secret in (desk.ticket.number, "Site down", "vera@site.example", "secret words"):
            assert secret not in shown, page

    tried = client.post("/administration/rules/new/", {"query": "", "then": "try"}).content.decode()
    assert "not yours to read" in tried
    assert "Site down" not in tried
    assert desk.ticket.number not in tried
