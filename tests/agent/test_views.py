"""Lists are views: those of every desk, kept ones, and questions out of the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ghiseu.people.models import Company, Role
from ghiseu.tickets.actions import assign_ticket, close_ticket, set_field, set_priority
from ghiseu.tickets.models import CustomField, Priority, Ticket, View
from ghiseu.tickets.permissions import Right
from tests.agent.test_routes import signed_in
from tests.agent.world import Desk
from tests.factories import grant, make_customer, make_queue, make_ticket

FRAGMENT = {"HX-Request": "true", "HX-Target": "sidebar"}


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def titles(text: str) -> list[str]:
    return re.findall(r'class="ticket-row__title"[^>]*>([^<]*)<', text)


def number_behind(text: str, key: str) -> str:
    """What stands behind a view in the left column."""
    found = re.search(rf'id="view-{key}".*?sidebar__count[^>]*>([^<]*)<', text.replace("\n", " "))
    assert found
    return found[1]


def test_a_question_out_of_the_address_is_asked(desk: Desk) -> None:
    client = signed_in(desk.ana)
    make_ticket(desk.support, subject="Loud one")
    set_priority(Ticket.objects.get(title="Loud one"), Priority.URGENT, by=desk.ana)

    assert titles(page(client, "/?q=is:open priority:urgent")) == ["Loud one"]
    assert titles(page(client, f"/queues/{desk.support.pk}/?q=is:open -priority:urgent")) == [desk.ticket.title]


def test_a_question_that_cannot_be_asked_shows_its_place(desk: Desk) -> None:
    text = page(signed_in(desk.ana), "/?q=is:opne+x")
    assert "<mark>opne</mark>" in text
    assert titles(text) == []
    assert "Save as a view" not in text


def test_what_one_sees_can_be_saved_shared_and_deleted(desk: Desk) -> None:
    client = signed_in(desk.ana)
    desk.elena.roles.add(desk.ana.roles.get())
    offered = page(client, f"/queues/{desk.support.pk}/?view=waiting&group=owner")
    link = re.search(r'href="(/views/new/[^"]*)"', offered)
    assert link
    form = page(client, link[1].replace("&amp;", "&"))
    assert (
        "queue=&#34;Support&#34; is:open is:waiting" in form or "queue=&quot;Support&quot; is:open is:waiting" in form
    )

    answer = client.post(
        "/views/new/",
        {
            "name": "Support waits",
            "query": 'queue="Support" is:open is:waiting',
            "order": "waiting",
            "grouping": "owner",
            "audience": f"role-{desk.ana.roles.get().pk}",
            "column_1": "number",
            "column_3": "due",
        },
    )
    view = View.objects.get(name="Support waits")
    assert (answer.status_code, answer["Location"]) == (302, f"/?view={view.pk}")
    assert (view.owner, view.columns, view.grouping) == (desk.ana, ["number", "due"], "owner")
    for agent, is_there in ((desk.ana, True), (desk.elena, True), (desk.ion, False)):
        assert ("Support waits" in page(signed_in(agent), "/")) is is_there
    page(signed_in(desk.ion), f"/?view={view.pk}", status=404)
    page(signed_in(desk.elena), f"/views/{view.pk}/", status=404)

    client.post(f"/views/{view.pk}/delete/")
    page(client, f"/?view={view.pk}", status=404)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": ""}, "required"),
        ({"query": "gone:x"}, "There is no field"),
        ({"query": "-is:open", "grouping": "owner"}, "Add is:open"),
        ({"order": "priority", "grouping": "day"}, "order by time"),
        ({"audience": "everyone"}, "Select a valid choice"),
        ({"audience": "role-999"}, "Select a valid choice"),
        ({"column_1": "password"}, "Select a valid choice"),
    ],
)
def test_a_view_that_cannot_be_kept_says_why(desk: Desk, changed: dict[str, str], message: str) -> None:
    form = {"name": "A view", "query": "is:open", "order": "changed", "audience": "me"} | changed
    answer = signed_in(desk.ana).post("/views/new/", form)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert View.objects.count() == 1


def test_a_foreign_role_is_not_to_be_shared_with(desk: Desk) -> None:
    team = Role.objects.create(name="Secret team")
    assert "Secret team" not in page(signed_in(desk.ana), "/views/new/")
    form = {"name": "A view", "query": "is:open", "order": "changed", "audience": f"role-{team.pk}"}
    assert signed_in(desk.ana).post("/views/new/", form).status_code == 422
    assert signed_in(desk.boss).post("/views/new/", form).status_code == 302


def test_a_view_whose_question_is_no_longer_understood_says_so_and_how_to_mend_it(desk: Desk) -> None:
    View.objects.filter(pk=desk.view.pk).update(query="is:open flavour:vanilla")
    client = signed_in(desk.ana)
    text = page(client, f"/?view={desk.view.pk}")
    assert "There is no field “flavour”" in text
    assert f"/views/{desk.view.pk}/" in text
    assert "no longer understood" in text
    assert "There is no field" in page(client, "/views/")

    View.objects.filter(pk=desk.view.pk).update(owner=desk.boss, audience="everyone")
    assert "Doina Munteanu, who made it" in page(client, f"/?view={desk.view.pk}")


def test_a_view_that_asks_for_a_field_of_the_desk_that_is_gone_says_so(desk: Desk) -> None:
    field = CustomField.objects.create(name="flavour", label="Flavour", kind="text")
    View.objects.filter(pk=desk.view.pk).update(query="is:open field.flavour:none")
    client = signed_in(desk.ana)
    assert titles(page(client, f"/?view={desk.view.pk}")) == [desk.ticket.title]
    field.delete()

    text = page(client, f"/?view={desk.view.pk}")
    assert "There is no field “field.flavour” any more" in text
    assert "<mark>field.flavour</mark>" in text
    assert "no longer understood" in text
    assert "any more" in page(client, "/views/")
    form = {"name": "A view", "query": "is:open field.flavour:none", "order": "changed", "audience": "me"}
    assert client.post(f"/views/{desk.view.pk}/", form).status_code == 422


def test_a_shared_view_that_names_a_hidden_queue_is_nowhere(desk: Desk) -> None:
    view = View.objects.create(name="Money", query="is:open queue:Billing", owner=desk.ion, audience="everyone")
    ana = signed_in(desk.ana)
    for address in ("/", "/views/"):
        assert "Money" not in page(ana, address)
        assert "Money" in page(signed_in(desk.ion), address)
    for address in (f"/?view={view.pk}", f"/views/{view.pk}/"):
        assert page(ana, address, status=404) == page(ana, address.replace(str(view.pk), "999999"), status=404)


def test_a_shared_view_shows_and_counts_for_each_what_they_may_see(desk: Desk) -> None:
    make_ticket(desk.billing, subject="Invoice")
    view = View.objects.create(name="All of it", query="is:open", owner=desk.boss, audience="everyone")
    for agent, seen in ((desk.ana, [desk.ticket.title]), (desk.ion, ["Invoice"]), (desk.stranger, [])):
        text = page(signed_in(agent), f"/?view={view.pk}")
        assert titles(text) == seen
        assert number_behind(text, str(view.pk)) == str(len(seen))


def test_the_numbers_follow_what_happens(desk: Desk) -> None:
    client = signed_in(desk.ana)
    assert [number_behind(page(client, "/"), word) for word in ("mine", "open")] == ["1", "1"]
    ticket = make_ticket(desk.support)
    assert [number_behind(page(client, "/"), word) for word in ("unassigned", "waiting", "open")] == ["1", "1", "2"]
    assign_ticket(ticket, to=desk.ana, by=desk.ana)
    assert [number_behind(page(client, "/"), word) for word in ("mine", "unassigned")] == ["2", "0"]
    close_ticket(ticket, by=desk.ana)
    assert [number_behind(page(client, "/"), word) for word in ("mine", "open")] == ["1", "1"]


def test_what_must_be_counted_on_its_own_is_counted_by_a_second_request(desk: Desk) -> None:
    view = View.objects.create(name="With files", query="is:open -has:note", owner=desk.ana)
    client = signed_in(desk.ana)
    first = page(client, "/?order=newest")
    assert number_behind(first, str(view.pk)) == "…"
    assert """hx-vals='{"counts": "all"}'""" in first

    second = client.get("/?order=newest&counts=all", headers=FRAGMENT).content.decode()
    assert number_behind(second, str(view.pk)) == "1"
    assert 'hx-get="/?order=newest"' in second
    assert "hx-vals" not in second


def test_groups_stand_under_headings(desk: Desk) -> None:
    make_ticket(make_queue("Abuse::Malware", full=[desk.ana]), subject="Bad site")
    text = page(signed_in(desk.ana), "/?group=queue")
    assert re.findall(r'class="ticket-group"[^>]*>([^<]*)<', text) == ["Abuse › Malware", "Support"]
    assert titles(text) == ["Bad site", desk.ticket.title]
    by_day = page(signed_in(desk.ana), "/?group=day")
    assert re.findall(r'class="ticket-group"[^>]*>([^<]*)<', by_day) == ["today"]
    # What does not fit the question is passed over.
    assert "ticket-group" not in page(signed_in(desk.ana), "/?view=closed&group=queue")


def test_columns_show_what_they_say(desk: Desk) -> None:
    field = CustomField.objects.create(name="order_number", label="Order number", kind="text")
    set_field(desk.ticket, field, "PV-17", by=desk.ana)
    company = Company.objects.create(name="Moraru Flori")
    desk.ticket.customer.company = company
    desk.ticket.customer.save()
    Ticket.objects.filter(pk=desk.ticket.pk).update(first_answer_due_at=timezone.now(), type=desk.incident)
    every = ["number", "company", "customer", "queue", "owner", "state", "priority", "waiting", "due", "pending"]
    every += ["created", "changed", "type", "service", "tags", "language", "articles", "field.order_number", "gone"]
    View.objects.filter(pk=desk.view.pk).update(query="is:open", columns=every)

    text = page(signed_in(desk.ana), f"/?view={desk.view.pk}")
    cells = re.findall(r'<td class="chosen__([\w-]+)"', text)
    assert cells == [*(name.replace(".", "-") for name in every[:-1]), "title"]
    for shown in (desk.ticket.number, "Moraru Flori", "Incident", "PV-17", "Order number", desk.ticket.title):
        assert shown in text


def test_a_right_that_was_taken_away_empties_the_view_at_once(desk: Desk) -> None:
    client = signed_in(desk.ana)
    assert titles(page(client, "/?q=is:open")) == [desk.ticket.title]
    grant(desk.ana, desk.support, Right.CREATE)
    text = page(client, "/?q=is:open")
    assert (titles(text), number_behind(text, "open")) == ([], "0")


@pytest.mark.parametrize(
    "text", ["x" * 5000, "(" * 1000, "'; DROP TABLE tickets_view; --", "\x00", "a:~" + "(" * 90, '"']
)
def test_hostile_questions_are_refused_or_find_nothing(desk: Desk, text: str) -> None:
    client = signed_in(desk.ana)
    assert client.get("/", {"q": text}).status_code == 200
    form = {"name": "Bad", "query": text, "order": "changed", "audience": "me"}
    assert client.post("/views/new/", form).status_code in (302, 422)


def test_views_are_moved_up_and_down(desk: Desk) -> None:
    client = signed_in(desk.ana)
    for name in ("Second", "Third"):
        client.post("/views/new/", {"name": name, "query": "is:open", "order": "changed", "audience": "me"})
    client.post(f"/views/{View.objects.get(name='Third').pk}/move/", {"where": "up"})
    found = re.findall(r'class="record__subject"[^>]*>([^<]*)<', page(client, "/views/"))
    assert [name.replace("&#39;", "'") for name in found] == ["Ana's own", "Third", "Second"]


def test_the_list_costs_the_same_with_many_views_columns_and_groups(
    desk: Desk, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(12):
        make_ticket(desk.support, customer=make_customer(f"c{number}@site.example", ""))
    questions = [
        "is:open tag:vip",
        "is:open owner:ana",
        "is:open type:Incident",
        "is:new",
        "is:open has:note",
        "gone:x",
    ]
    for number in range(60):
        query = questions[number % len(questions)]
        View.objects.create(name=f"View {number}", query=query, owner=desk.ana, position=number)
    chosen = View.objects.create(
        name="Chosen", query="is:open", owner=desk.ana, columns=["number", "type", "company"], grouping="owner"
    )
    client = signed_in(desk.ana)
    client.get("/")
    with django_assert_max_num_queries(9):
        assert client.get(f"/?view={chosen.pk}").content.decode().count('class="chosen__row ') == 13
