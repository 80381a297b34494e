"""A ticket that is due several times is made anew once: its rows are found by the ticket."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0015_calendars_of_queues")]

    operations = [
        migrations.AddIndex(
            model_name="searchdue",
            index=models.Index(fields=["ticket_id"], name="tickets_search_due_ticket"),
        ),
    ]
