"""Every address of the house, with every method, for everybody: a route without an entry here fails the suite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from ghiseu.mail.models import OutboundMail
from ghiseu.people.models import Agent, Customer
from ghiseu.tickets.actions import close_ticket
from ghiseu.tickets.models import StateType
from tests.agent.administration.table import ADMINISTRATION, administration_address, administration_form
from tests.agent.world import Desk

# A visitor; an agent without a role; of another queue; who may only read; who may do everything; and an administrator
# without a role, for whom a row says nothing where they get what the agent without a role gets (promise A1).
ROLES = ("anonymous", "stranger", "ion", "elena", "ana", "boss")
SEEN = (302, 404, 404, 200, 200)  # only who may read the queue
EVERYBODY = (302, 200, 200, 200, 200)
ACT = (302, 404, 404, 403, 302)  # seen by Elena, but not hers to do
ONLY_ANA = (302, 404, 404, 404, 200)  # her own view, shared with nobody
CREATE = (302, 403, 200, 403, 200)  # who may create tickets somewhere
CREATE_HERE = (302, 403, 422, 403, 302)
NO_WAY = (302, 405, 405, 405, 405)

TABLE: dict[str, dict[str, tuple[int, ...]]] = {
    "tickets": {"GET": EVERYBODY, "POST": NO_WAY},
    "queue": {"GET": SEEN, "POST": NO_WAY},
    "views": {"GET": EVERYBODY, "POST": NO_WAY},
    "view-new": {"GET": EVERYBODY, "POST": (302, 302, 302, 302, 302)},
    "view": {"GET": ONLY_ANA, "POST": (302, 404, 404, 404, 302)},
    "view-move": {"GET": NO_WAY, "POST": (302, 404, 404, 404, 302)},
    "view-delete": {"GET": NO_WAY, "POST": (302, 404, 404, 404, 302)},
    "ticket": {"GET": SEEN, "POST": NO_WAY},
    "ticket-similar": {"GET": (302, 404, 404, 302, 302), "POST": NO_WAY},
    "ticket-news": {"GET": SEEN, "POST": NO_WAY},
    "ticket-write": {"GET": SEEN, "POST": NO_WAY},
    "ticket-reply": {"GET": NO_WAY, "POST": ACT},
    "ticket-note": {"GET": NO_WAY, "POST": ACT},
    "ticket-third-party": {"GET": NO_WAY, "POST": ACT},
    "ticket-redirect": {"GET": NO_WAY, "POST": ACT},
    "ticket-assign": {"GET": NO_WAY, "POST": ACT},
    "ticket-lock": {"GET": NO_WAY, "POST": ACT},
    "ticket-unlock": {"GET": NO_WAY, "POST": ACT},
    "ticket-priority": {"GET": NO_WAY, "POST": ACT},
    "ticket-move": {"GET": NO_WAY, "POST": ACT},
    "ticket-close": {"GET": NO_WAY, "POST": ACT},
    "ticket-reopen": {"GET": NO_WAY, "POST": ACT},
    "ticket-pending": {"GET": NO_WAY, "POST": ACT},
    "ticket-archive": {"GET": NO_WAY, "POST": (302, 404, 404, 403, 422)},  # open as it is, for Ana too
    "ticket-bring-back": {"GET": NO_WAY, "POST": ACT},
    "ticket-hold": {"GET": NO_WAY, "POST": ACT},
    "ticket-release": {"GET": NO_WAY, "POST": ACT},
    "archive-list": {"GET": NO_WAY, "POST": (302, 302, 302, 302, 302)},
    "ticket-classify": {"GET": SEEN, "POST": ACT},
    "article-html": {"GET": SEEN, "POST": NO_WAY},
    "article-original": {"GET": SEEN, "POST": NO_WAY},
    "article-take-back": {"GET": NO_WAY, "POST": ACT},
    "attachment": {"GET": SEEN, "POST": NO_WAY},
    "customer": {"GET": SEEN, "POST": NO_WAY},
    "customer-hold": {"GET": NO_WAY, "POST": (302, 404, 404, 404, 404)},  # for administrators who see the customer
    "search": {"GET": EVERYBODY, "POST": NO_WAY},
    "search-options": {"GET": EVERYBODY, "POST": NO_WAY},
    "search-archive": {"GET": EVERYBODY, "POST": NO_WAY},
    "search-more": {"GET": EVERYBODY, "POST": NO_WAY},
    "search-numbers": {"GET": EVERYBODY, "POST": NO_WAY},
    "search-help": {"GET": EVERYBODY, "POST": NO_WAY},
    "outgoing": {"GET": EVERYBODY, "POST": NO_WAY},
    "outgoing-again": {"GET": NO_WAY, "POST": (302, 404, 404, 302, 302)},
    "outgoing-cancel": {"GET": NO_WAY, "POST": (302, 404, 404, 302, 302)},
    "new-ticket": {"GET": CREATE, "POST": CREATE_HERE},
    "me": {"GET": EVERYBODY, "POST": (302, 302, 302, 302, 302)},
    "password": {"GET": NO_WAY, "POST": (302, 422, 422, 422, 422)},
    "sign-in": {"GET": (200, 302, 302, 302, 302), "POST": (422, 302, 302, 302, 302)},
    "sign-out": {"GET": NO_WAY, "POST": (302, 302, 302, 302, 302)},
    **ADMINISTRATION,
}
CASES = [(name, method) for name, methods in TABLE.items() for method in methods]


def address(desk: Desk, name: str) -> str:
    """The address of a route for the rows of this desk."""
    if name in ADMINISTRATION:
        return administration_address(desk, name)
    number = {"number": desk.ticket.number}
    arguments: dict[str, dict[str, Any]] = {
        "queue": {"queue_id": desk.support.pk},
        "ticket-write": number | {"kind": "reply"},
        "article-html": {"article_id": desk.article.pk},
        "article-original": {"article_id": desk.article.pk},
        "article-take-back": {"article_id": desk.mail.article_id},
        "attachment": {"attachment_id": desk.picture.pk},
        "customer": {"customer_id": desk.ticket.customer_id},
        "customer-hold": {"customer_id": desk.ticket.customer_id},
        "outgoing-again": {"mail_id": desk.mail.pk},
        "outgoing-cancel": {"mail_id": desk.mail.pk},
    }
    if name in ("view", "view-move", "view-delete"):
        arguments[name] = {"view_id": desk.view.pk}
    if name.startswith("ticket-") or name == "ticket":
        arguments.setdefault(name, number)
    return reverse(name, kwargs=arguments.get(name))


def form(desk: Desk, name: str) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {
        "ticket-reply": {"text": "Done.", "to": "vera@site.example"},
        "ticket-note": {"text": "Called her."},
        "ticket-third-party": {"kind": "forward", "text": "Whose?", "to": "nic@x.example", "article": desk.article.pk},
        "ticket-redirect": {"to": "boss@desk.example", "article": desk.article.pk},
        "new-ticket": {
            "channel": "email",
            "queue": desk.support.pk,
            "to": "oleg@other.example",
            "subject": "Your domain",
            "text": "It expires soon.",
        },
        "ticket-assign": {"agent": desk.ana.pk},
        "ticket-priority": {"priority": 4},
        "ticket-move": {"queue": desk.support.pk},
        "ticket-pending": {"until": "2199-01-01T09:00"},
        "ticket-hold": {"reason": "Claim 17"},
        "customer-hold": {"reason": "Claim 17"},
        "ticket-classify": {"tags": "vip"},
        "view-new": {"name": "Loud", "query": "is:open priority>=high", "order": "changed", "audience": "me"},
        "view": {"name": "Quiet", "query": "is:open priority:low", "order": "changed", "audience": "me"},
        "me": {"language": "en", "time_zone": "Europe/Chisinau"},
        "sign-in": {"username": "ana", "password": "wrong"},
    }
    return forms.get(name, administration_form(desk, name))


def signed_in(agent: Agent | None) -> Client:
    client = Client()
    if agent is not None:
        client.force_login(agent, backend="ghiseu.agent.session.Agents")
    return client


def insider(desk: Desk, name: str) -> Agent:
    """Somebody for whom the route is there."""
    return desk.boss if name in ADMINISTRATION else desk.ana


def all_routes(resolver: URLResolver) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from all_routes(pattern)
        elif isinstance(pattern, URLPattern):
            yield pattern.name or f"(no name) {pattern.pattern}"


def test_every_route_stands_in_the_table() -> None:
    assert sorted(all_routes(get_resolver())) == sorted(TABLE)


@pytest.mark.parametrize(("name", "method"), CASES)
def test_who_gets_what(desk: Desk, name: str, method: str) -> None:
    if name == "ticket-reopen":
        close_ticket(desk.ticket, by=desk.ana)
    if name == "article-take-back":
        OutboundMail.objects.update(state=OutboundMail.State.WAITING, tries=0)
    got = []
    for role in ROLES:
        with transaction.atomic():
            client = signed_in(desk.who(role))
            send = client.post if method == "POST" else client.get
            got.append(send(address(desk, name), form(desk, name) if method == "POST" else None).status_code)
            transaction.set_rollback(True)
    expected = TABLE[name][method]
    assert tuple(got) == (*expected, expected[1])[: len(ROLES)]


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_other_method_does_anything(desk: Desk, name: str, method: str) -> None:
    assert signed_in(insider(desk, name)).generic(method, address(desk, name)).status_code == 405


@pytest.mark.parametrize(
    "name", ["ticket", "ticket-news", "ticket-write", "queue", "attachment", "article-html", "customer", "view"]
)
def test_what_ion_may_not_see_looks_like_what_is_not_there(desk: Desk, name: str) -> None:
    client = signed_in(desk.ion)
    there = address(desk, name)
    missing = there.replace(desk.ticket.number, "20261122999999") if desk.ticket.number in there else _missing(name)

    unseen, absent = client.get(there), client.get(missing)

    assert (unseen.status_code, unseen.content) == (absent.status_code, absent.content)
    assert dict(unseen.headers) == dict(absent.headers)


def _missing(name: str) -> str:
    return {
        "queue": "/queues/999999/",
        "attachment": "/attachments/999999/",
        "article-html": "/articles/999999/html/",
        "customer": "/customers/999999/",
        "view": "/views/999999/",
    }[name]


def test_a_reading_request_changes_nothing(desk: Desk) -> None:
    client = signed_in(desk.ana)
    before = desk.ticket.changed_at
    for name, methods in TABLE.items():
        if methods["GET"][-1] == 200:
            client.get(address(desk, name))
    desk.ticket.refresh_from_db()
    assert desk.ticket.changed_at == before


def test_an_act_without_our_token_is_refused(desk: Desk) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(desk.ana, backend="ghiseu.agent.session.Agents")

    answer = client.post(address(desk, "ticket-close"))

    desk.ticket.refresh_from_db()
    assert answer.status_code == 403
    assert b"open the page again" in answer.content
    assert desk.ticket.state_type == StateType.OPEN


def test_customers_cannot_sign_in(desk: Desk) -> None:
    vera = Customer.objects.get(pk=desk.ticket.customer_id)

    assert authenticate(request=_request(), username="vera@site.example", password="window-42") is None
    assert not hasattr(vera, "password")


def _request() -> Any:
    from django.test import RequestFactory

    return RequestFactory().post("/sign-in/")


def test_an_agent_who_was_switched_off_is_out_at_the_next_request(desk: Desk) -> None:
    client = signed_in(desk.ana)
    assert client.get("/").status_code == 200

    desk.ana.is_active = False
    desk.ana.save()

    assert client.get("/").status_code == 302


def test_every_response_forbids_scripts_and_frames(desk: Desk) -> None:
    for name, methods in TABLE.items():
        answer = signed_in(insider(desk, name)).get(address(desk, name))
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, name
        assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "" if name == "article-html" else "x"), name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert methods["GET"][-1] == answer.status_code, name
