"""Every order of a list finds its rows in one queue without sorting; see `ghiseu.tickets.listing`."""

import datetime as dt

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

NEVER = Value(dt.datetime(9999, 1, 1, tzinfo=dt.UTC))
OPEN = Q(state_type__in=("new", "open", "pending_reminder", "pending_auto"))
ON_DESK = Q(archived_at__isnull=True)
DONE = ~OPEN & ON_DESK
CHANGE, CREATION = ["queue", "-changed_at", "-id"], ["queue", "-created_at", "-id"]
PRIORITY = ["queue", "-priority", "-changed_at", "-id"]
INDEXES = (
    models.Index(fields=PRIORITY, name="tickets_open_by_priority", condition=OPEN),
    models.Index(F("queue"), Coalesce("waiting_since", NEVER), F("id"), name="tickets_open_by_waiting", condition=OPEN),
    models.Index(F("queue"), Coalesce("due_at", NEVER), F("id"), name="tickets_open_by_due", condition=OPEN),
    models.Index(fields=["queue", "owner", "waiting_since"], name="tickets_open_counts", condition=OPEN),
    models.Index(fields=CHANGE, name="tickets_closed_by_change", condition=DONE),
    models.Index(fields=CREATION, name="tickets_closed_by_creation", condition=DONE),
    models.Index(fields=PRIORITY, name="tickets_closed_by_priority", condition=DONE),
    models.Index(fields=CREATION, name="tickets_by_creation", condition=ON_DESK),
    models.Index(fields=PRIORITY, name="tickets_by_priority", condition=ON_DESK),
)


class Migration(migrations.Migration):
    # Built beside the work of a desk that is open.
    atomic = False
    dependencies = [("tickets", "0013_keeping")]

    operations = [AddIndexConcurrently(model_name="ticket", index=index) for index in INDEXES]
