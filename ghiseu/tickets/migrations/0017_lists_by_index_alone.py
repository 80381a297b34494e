"""More lists find their rows in one queue by an index alone; see `ghiseu.tickets.listing`.

Unassigned tickets get one in their usual order. Those by waiting and by due time keep the column beside the expression.
"""

import datetime as dt

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

NEVER = Value(dt.datetime(9999, 1, 1, tzinfo=dt.UTC))
OPEN = ("new", "open", "pending_reminder", "pending_auto")


def by_time(column: str, name: str) -> models.Index:
    key = Coalesce(column, NEVER)
    return models.Index(F("queue"), key, F("id"), name=name, condition=Q(state_type__in=OPEN), include=[column])


class Migration(migrations.Migration):
    # Built beside the work of a desk that is open; the old ones go when the new ones are there.
    atomic = False
    dependencies = [("tickets", "0016_search_due_by_ticket")]

    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                fields=["queue", "-changed_at", "-id"],
                name="tickets_unassigned_by_change",
                condition=Q(state_type__in=OPEN, owner__isnull=True),
            ),
        ),
        AddIndexConcurrently(model_name="ticket", index=by_time("waiting_since", "tickets_open_waiting")),
        AddIndexConcurrently(model_name="ticket", index=by_time("due_at", "tickets_open_due")),
        RemoveIndexConcurrently(model_name="ticket", name="tickets_open_by_waiting"),
        RemoveIndexConcurrently(model_name="ticket", name="tickets_open_by_due"),
    ]
