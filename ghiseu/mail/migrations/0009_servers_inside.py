from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0008_signature_checks"),
    ]

    operations = [
        migrations.AddField(
            model_name="mailbox",
            name="may_be_inside",
            field=models.BooleanField(default=True, db_default=True),
        ),
        migrations.AddField(
            model_name="oauthaccess",
            name="may_be_inside",
            field=models.BooleanField(default=True, db_default=True),
        ),
        migrations.AddIndex(
            model_name="inboundmail",
            index=models.Index(fields=["-id"], name="mail_inbound_ignored", condition=Q(state="ignored")),
        ),
    ]
