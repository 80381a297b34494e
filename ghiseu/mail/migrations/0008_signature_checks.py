from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0007_mailboxes"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailbox",
            name="checks_signatures",
            field=models.BooleanField(default=False, db_default=False),
        ),
    ]
