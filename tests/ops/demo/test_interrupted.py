"""A filling that is stopped half-way goes on where it stopped."""

from __future__ import annotations

import pytest
from django.utils import timezone

from ghiseu.mail.models import InboundMail, OutboundMail
from ghiseu.ops.demo import company
from ghiseu.ops.demo.casting import stories
from ghiseu.ops.demo.play import Players
from ghiseu.tickets.models import Article, Ticket
from tests.factories import make_agent


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


def stop_after(lines: int) -> list[str]:
    """Fill until so many progress lines were said."""
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if len(said) == lines:
            raise Stopped

    with pytest.raises(Stopped):
        company.fill(say)
    return said


def test_an_interrupted_filling_goes_on_and_doubles_nothing(db: None) -> None:
    stop_after(1)
    stop_after(5)
    some = Ticket.objects.count()
    stop_after(4)
    more = Ticket.objects.count()

    company.fill(lambda _line: None)

    told = stories(timezone.now())
    assert 0 < some < more < len(told) == Ticket.objects.count()
    assert InboundMail.objects.count() == sum(step.do == "mail" for story in told for step in story.steps)
    assert Article.objects.filter(agent__isnull=False).count() == sum(
        step.do in ("reply", "note") for story in told for step in story.steps
    )
    assert OutboundMail.objects.exclude(state=OutboundMail.State.SENT).count() == 0


def test_a_mail_that_was_kept_and_not_filed_is_not_doubled(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        # The machine stops between the door and the filing.
        patch.setattr("ghiseu.ops.demo.play.file_waiting", _stop)
        with pytest.raises(Stopped):
            company.fill(lambda _line: None)
    assert (InboundMail.objects.count(), Ticket.objects.count()) == (1, 0)

    stop_after(2)

    first = InboundMail.objects.get(tries__gt=0, pk=InboundMail.objects.earliest("pk").pk)
    assert first.state == InboundMail.State.FILED
    assert Ticket.objects.count() == InboundMail.objects.values("article__ticket").distinct().count()


def _stop() -> int:
    raise Stopped


def test_a_desk_of_others_is_refused(db: None) -> None:
    make_agent("maria", "Maria Ceban")

    with pytest.raises(company.DeskInUse, match="GHISEU_HOME"):
        company.fill(lambda _line: None)

    assert Players().agents.keys() == {"maria"}
