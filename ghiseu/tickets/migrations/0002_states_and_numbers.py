"""The states of a new desk, the counter behind ticket numbers, and the key that keeps a ticket's state type true."""

from typing import Any

from django.db import migrations

STATES = (
    ("new", "new"),
    ("open", "open"),
    ("pending reminder", "pending_reminder"),
    ("pending auto close", "pending_auto"),
    ("closed successful", "closed"),
    ("closed unsuccessful", "closed"),
    ("merged", "merged"),
    ("removed", "removed"),
)


def add_states(apps: Any, _editor: Any) -> None:
    state = apps.get_model("tickets", "State")
    for name, type_ in STATES:
        state.objects.get_or_create(name=name, defaults={"type": type_})


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE tickets_number AS bigint MINVALUE 1 NO CYCLE",
            "DROP SEQUENCE tickets_number",
        ),
        migrations.RunSQL(
            "ALTER TABLE tickets_ticket ADD CONSTRAINT tickets_ticket_state_type_follows_state "
            "FOREIGN KEY (state_id, state_type) REFERENCES tickets_state (id, type) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE tickets_ticket DROP CONSTRAINT tickets_ticket_state_type_follows_state",
        ),
        migrations.RunPython(add_states, migrations.RunPython.noop),
    ]
