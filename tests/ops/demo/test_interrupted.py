"""A filling that is stopped between two steps of one scene, and a desk that belongs to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ghiseu.mail.inbound.receive import file_waiting
from ghiseu.mail.inbound.store import keep
from ghiseu.mail.models import InboundMail
from ghiseu.ops.demo import company
from ghiseu.ops.demo.play import Players
from ghiseu.tickets.models import Ticket
from tests.factories import make_agent


class Stopped(BaseException):
    """The machine stops; nothing catches that."""


@pytest.mark.parametrize("step", ["ghiseu.ops.demo.play.file_waiting", "ghiseu.mail.inbound.receive.file_together"])
def test_a_mail_that_was_kept_and_not_filed_is_not_doubled(
    step: str, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine stops after the door, or after a worker's claim."""
    with monkeypatch.context() as patch:
        patch.setattr(step, _stop)
        with pytest.raises(Stopped):
            company.fill(lambda _line: None)
    assert (InboundMail.objects.count(), Ticket.objects.count()) == (1, 0)

    with pytest.raises(Stopped):
        company.fill(_stop_at_the_second_day())

    # How many come in on a day depends on the weekday; more than the one that was kept before is what counts.
    assert InboundMail.objects.count() > 1
    assert InboundMail.objects.exclude(state=InboundMail.State.FILED).count() == 0
    assert Ticket.objects.count() == InboundMail.objects.values("article__ticket").distinct().count()


def _stop_at_the_second_day() -> Callable[[str], None]:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 2:
            raise Stopped

    return say


def _stop(*_given: object) -> int:
    raise Stopped


def test_a_worker_beside_the_filling_is_noticed(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep_and_let_the_worker_be_quicker(**mail: Any) -> InboundMail:
        kept = keep(**mail)
        file_waiting()
        return kept

    monkeypatch.setattr("ghiseu.ops.demo.play.keep", keep_and_let_the_worker_be_quicker)

    with pytest.raises(company.WorkerRunning, match="Stop ghiseu serve"):
        company.fill(lambda _line: None)


def test_a_desk_of_others_is_refused(db: None) -> None:
    make_agent("maria", "Maria Ceban")

    with pytest.raises(company.DeskInUse, match="GHISEU_HOME"):
        company.fill(lambda _line: None)

    assert Players().agents.keys() == {"maria"}
