"""Signing in and out, and each agent's own language and clock."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.agent.test_routes import signed_in
from tests.agent.world import Desk


def sign_in(client: Client, login: str, password: str) -> tuple[int, str]:
    answer = client.post("/sign-in/", {"username": login, "password": password})
    return answer.status_code, answer.content.decode()


def test_the_login_is_found_in_any_case(desk: Desk) -> None:
    assert sign_in(Client(), " ANA ", "window-42")[0] == 302


def test_nothing_tells_whether_a_login_exists(desk: Desk) -> None:
    desk.ion.is_active = False
    desk.ion.save()

    answers = [sign_in(Client(), login, "wrong-one") for login in ("ana", "nobody-here")]
    closed = sign_in(Client(), "ion", "window-42")

    assert [status for status, _page in (*answers, closed)] == [422, 422, 422]
    for _status, page in (*answers, closed):
        assert "do not fit together" in page


def test_who_guesses_waits_and_reads_why(desk: Desk) -> None:
    client = Client()
    for _try in range(8):
        sign_in(client, "ana", "wrong-one")

    status, page = sign_in(client, "ana", "window-42")

    assert status == 429
    assert "15 minutes" in page


def test_the_way_back_leads_only_into_this_house(desk: Desk) -> None:
    for back, to in (("/outgoing/", "/outgoing/"), ("https://evil.example/", "/"), ("//evil.example/", "/")):
        form = {"username": "ana", "password": "window-42", "next": back}
        assert Client().post("/sign-in/", form).headers["Location"] == to


def test_a_piece_of_a_page_sends_the_whole_window_to_the_sign_in(desk: Desk) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/tickets/1/?write=reply"}

    answer = Client().post("/tickets/1/reply/", headers=headers)

    assert answer.headers["HX-Redirect"] == "/sign-in/?next=%2Ftickets%2F1%2F%3Fwrite%3Dreply"


def test_a_cookie_that_no_session_can_have_means_a_visitor(desk: Desk) -> None:
    for cookie in ("a\x00b", "\x00", "', pg_sleep(9))", "\xff", "x" * 100_000, ""):
        client = Client()
        client.cookies["sessionid"] = cookie
        answer = client.get("/")

        assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/?next=/")


def test_signing_out(desk: Desk) -> None:
    client = signed_in(desk.ana)
    client.post("/sign-out/")
    assert client.get("/").status_code == 302


def test_language_and_clock_are_the_agents_own(desk: Desk) -> None:
    client = signed_in(desk.ana)

    client.post("/me/", {"language": "ro", "time_zone": "Asia/Tokyo", "is_administrator": "1", "login": "boss"})

    desk.ana.refresh_from_db()
    assert (desk.ana.language, desk.ana.time_zone) == ("ro", "Asia/Tokyo")
    assert (desk.ana.is_administrator, desk.ana.login) == (False, "ana")
    assert client.get("/").headers["Content-Language"] == "ro"
    assert signed_in(desk.ion).get("/").headers["Content-Language"] == "en"


def test_an_unknown_time_zone_is_refused(desk: Desk) -> None:
    assert signed_in(desk.ana).post("/me/", {"language": "en", "time_zone": "Mars/Base"}).status_code == 422


def test_a_new_password_ends_the_other_sessions(desk: Desk) -> None:
    here, there = signed_in(desk.ana), signed_in(desk.ana)
    new = "a window with flowers"

    form = {"old_password": "window-42", "new_password1": new, "new_password2": new}
    assert here.post("/me/password/", form).status_code == 302

    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


@pytest.mark.parametrize("zone", ["Not/AZone", ""])
def test_a_zone_that_no_longer_exists_breaks_no_page(desk: Desk, zone: str) -> None:
    type(desk.ana).objects.filter(pk=desk.ana.pk).update(time_zone=zone)
    assert signed_in(desk.ana).get("/").status_code == 200
