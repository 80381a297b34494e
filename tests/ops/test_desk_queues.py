from __future__ import annotations

import pytest

from ghiseu.ops.desk import WrongInput, add_queue
from ghiseu.tickets.models import Queue

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["::Malware", "Abuse::", "Abuse::::Malware", "Abuse:: Malware", " Abuse"])
def test_every_part_of_a_queues_name_is_a_name(name: str) -> None:
    with pytest.raises(WrongInput, match="Between, before and behind"):
        add_queue(name=name, address="", sender_name="", signature="")

    assert not Queue.objects.exists()


def test_a_queue_needs_none_above_it() -> None:
    queue = add_queue(name="Abuse::Mal ware", address="Abuse@Desk.example", sender_name="", signature="")

    assert queue.short_name == "Mal ware"
    assert (queue.leaf, queue.depth, queue.address) == ("Mal ware", 1, "abuse@desk.example")
