import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Rows go with what they belong to, whoever removes it.
_GO_ALONG = """
ALTER TABLE tickets_filetext ADD CONSTRAINT tickets_filetext_of_blob FOREIGN KEY (blob_id)
    REFERENCES tickets_blob (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE tickets_filetoread ADD CONSTRAINT tickets_filetoread_of_attachment FOREIGN KEY (attachment_id)
    REFERENCES tickets_attachment (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
"""
# What was attached before anybody read files waits like everything that comes from now on.
_CATCH_UP = """
INSERT INTO tickets_filetoread (attachment_id, tries, next_try_at, why_unread)
SELECT id, 0, now(), '' FROM tickets_attachment
WHERE split_part(content_type, '/', 1) NOT IN ('image', 'audio', 'video')
ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0010_views")]

    operations = [
        migrations.CreateModel(
            name='FileText',
            fields=[
                ('blob', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='file_text', serialize=False, to='tickets.blob')),
                ('text', models.TextField(blank=True)),
                ('is_cut', models.BooleanField(default=False)),
                ('why_unread', models.CharField(blank=True, choices=[('locked', 'protected by a password'), ('damaged', 'damaged, or not what it says it is'), ('too_much', 'unpacks to more than a document has'), ('time', 'takes too long to read'), ('memory', 'takes too much memory to read'), ('crashed', 'stopped the program that read it'), ('too_large', 'larger than GHISEU_FILE_TEXT_MAX_BYTES'), ('missing', 'lost from the data folder')], max_length=10)),
                ('read_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='FileToRead',
            fields=[
                ('attachment', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='tickets.attachment')),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField()),
                ('why_unread', models.CharField(blank=True, choices=[('locked', 'protected by a password'), ('damaged', 'damaged, or not what it says it is'), ('too_much', 'unpacks to more than a document has'), ('time', 'takes too long to read'), ('memory', 'takes too much memory to read'), ('crashed', 'stopped the program that read it'), ('too_large', 'larger than GHISEU_FILE_TEXT_MAX_BYTES'), ('missing', 'lost from the data folder')], max_length=10)),
            ],
        ),
        migrations.AddIndex(
            model_name='filetext',
            index=models.Index(condition=models.Q(('why_unread', ''), _negated=True), fields=['read_at'], name='tickets_filetext_unread'),
        ),
        migrations.AddConstraint(
            model_name='filetext',
            constraint=models.CheckConstraint(condition=models.Q(('why_unread', ''), ('text', ''), _connector='OR'), name='tickets_filetext_read_or_not'),
        ),
        migrations.RunSQL(_GO_ALONG, migrations.RunSQL.noop),
        pgtrigger.migrations.AddTrigger(
            model_name='attachment',
            trigger=pgtrigger.compiler.Trigger(name='is_to_be_read', sql=pgtrigger.compiler.UpsertTriggerSql(func="\nINSERT INTO tickets_filetoread (attachment_id, tries, next_try_at, why_unread)\nSELECT id, 0, now(), '' FROM new_files\nWHERE split_part(content_type, '/', 1) NOT IN ('image', 'audio', 'video');\nRETURN NULL;\n", hash='f52eafcae6efedde6d642ef5df267b6238998371', level='STATEMENT', operation='INSERT', pgid='pgtrigger_is_to_be_read_f2fa1', referencing='REFERENCING NEW TABLE AS new_files ', table='tickets_attachment', when='AFTER')),
        ),
        migrations.RunSQL(_CATCH_UP, migrations.RunSQL.noop),
    ]
