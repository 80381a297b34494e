from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0010_keeping"),
    ]

    operations = [
        migrations.AddField(
            model_name="inboundmail",
            name="is_settled",
            field=models.BooleanField(default=False, db_default=False),
        ),
    ]
