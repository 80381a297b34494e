"""An import that is killed while it writes goes on where it was, and what it took stands there once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from ghiseu.people.models import Customer
from ghiseu.tickets.models import Article, Event, ImportedTicket, Participant, Ticket
from tests.conftest import server_url
from tests.importing.lines import a_ticket, an_answer, an_article, as_bytes
from tests.ops.machine import GHISEU, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

TICKETS = 6000


def start(path: Path) -> subprocess.Popen[bytes]:
    address = urlsplit(server_url())
    url = urlunsplit(address._replace(path=f"/{connection.settings_dict['NAME']}"))
    return subprocess.Popen(
        [*GHISEU, "import", "ndjson", str(path)], env=os.environ | {"DATABASE_URL": url}, stdout=subprocess.PIPE
    )


def test_an_import_that_is_killed_goes_on(tmp_path: Path) -> None:
    lines = tmp_path / "tickets.ndjson"
    articles = [an_article(), an_answer()]
    lines.write_bytes(
        as_bytes(
            *(
                a_ticket(str(number), customer_email=f"c{number // 3}@site.example", articles=articles)
                for number in range(TICKETS)
            )
        )
    )
    for least in (1000, 3000):
        importing = start(lines)
        wait_until("some batches are in", lambda least=least: ImportedTicket.objects.count() >= least)  # type: ignore[misc]
        importing.kill()
        importing.communicate()
        assert Ticket.objects.count() == ImportedTicket.objects.count() < TICKETS
        assert Article.objects.count() == 2 * Ticket.objects.count()

    last = start(lines)
    said = last.communicate()[0].decode()

    assert last.returncode == 0
    assert "were here before; 0 refused" in said
    assert Ticket.objects.count() == Participant.objects.count() == TICKETS
    assert Article.objects.count() == Event.objects.count() == 2 * TICKETS
    assert Customer.objects.count() == TICKETS // 3
