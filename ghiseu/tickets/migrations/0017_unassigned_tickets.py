"""The list of unassigned tickets finds its rows in one queue without sorting; see `ghiseu.tickets.listing`."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

OPEN = ("new", "open", "pending_reminder", "pending_auto")


class Migration(migrations.Migration):
    # Built beside the work of a desk that is open.
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
        )
    ]
