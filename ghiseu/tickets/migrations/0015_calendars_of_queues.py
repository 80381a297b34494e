"""What stood in a queue as opening hours becomes a calendar by the desk's clock."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations


def hours_to_calendars(apps: Any, _editor: Any) -> None:
    queues, calendars = apps.get_model("tickets", "Queue"), apps.get_model("tickets", "Calendar")
    for queue in queues.objects.exclude(office_hours=""):
        values = {"time_zone": settings.TIME_ZONE, "hours": queue.office_hours}
        queue.calendar, _made = calendars.objects.get_or_create(name=queue.office_hours[:100], defaults=values)
        queue.save(update_fields=["calendar"])


class Migration(migrations.Migration):
    dependencies = [("tickets", "0014_list_indexes")]

    operations = [
        migrations.RunPython(hours_to_calendars, migrations.RunPython.noop),
        migrations.RemoveField("queue", "office_hours"),
    ]
