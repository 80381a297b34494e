import django.contrib.postgres.fields
import django.db.models.deletion
import ghiseu.mail.models
from django.db import migrations, models


class Migration(migrations.Migration):
    """A mailbox names its protocol, may have several folders, and may sign in by OAuth 2."""

    dependencies = [
        ('mail', '0006_filters'),
    ]

    operations = [
        migrations.RenameField('mailbox', 'imap_host', 'host'),
        migrations.RenameField('mailbox', 'imap_port', 'port'),
        migrations.RenameField('mailbox', 'imap_security', 'security'),
        migrations.RenameField('mailbox', 'imap_login', 'login'),
        migrations.RenameField('mailbox', 'imap_password', 'password'),
        migrations.AddField(
            'mailbox', 'protocol',
            models.CharField(choices=[('none', 'not fetched: mail comes by LMTP or pipe'), ('imap', 'IMAP'), ('pop3', 'POP3')], default='none', max_length=4),
        ),
        migrations.AddField(
            'mailbox', 'sign_in',
            models.CharField(choices=[('password', 'a password'), ('oauth2', 'OAuth 2 (Google, Microsoft)')], default='password', max_length=8),
        ),
        migrations.AddField(
            'mailbox', 'folders',
            django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255), default=ghiseu.mail.models.inbox_alone, size=None),
        ),
        migrations.RunSQL(
            "UPDATE mail_mailbox SET folders = ARRAY[imap_folder], "
            "protocol = CASE WHEN host = '' THEN 'none' ELSE 'imap' END",
            "UPDATE mail_mailbox SET imap_folder = folders[1]",
        ),
        migrations.RemoveField('mailbox', 'imap_folder'),
        migrations.AddField('mailbox', 'on_server_count', models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddField('mailbox', 'not_held_count', models.PositiveIntegerField(blank=True, null=True)),
        migrations.AlterField('mailbox', 'fetched_at', models.DateTimeField(blank=True, null=True)),
        migrations.AlterField('mailbox', 'failed_at', models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            'mailbox', 'afterwards',
            models.CharField(choices=[('delete', 'delete it'), ('move', 'move it to a folder'), ('flag', 'leave it there, marked as taken')], default='delete', max_length=10),
        ),
        migrations.AddConstraint(
            'mailbox',
            models.CheckConstraint(condition=models.Q(('protocol', 'none'), models.Q(('host', ''), _negated=True), _connector='OR'), name='mail_mailbox_fetched_has_host'),
        ),
        migrations.AddConstraint(
            'mailbox',
            models.CheckConstraint(condition=models.Q(models.Q(('protocol', 'pop3'), _negated=True), ('afterwards', 'delete'), _connector='OR'), name='mail_mailbox_pop3_deletes'),
        ),
        migrations.AddConstraint(
            'mailbox',
            models.CheckConstraint(condition=models.Q(('folders__len__gt', 0)), name='mail_mailbox_has_folder'),
        ),
        migrations.CreateModel(
            name='OAuthAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_endpoint', models.URLField(max_length=500)),
                ('client_id', models.CharField(max_length=300)),
                ('client_secret', models.TextField(blank=True)),
                ('scope', models.CharField(blank=True, max_length=500)),
                ('refresh_token', models.TextField()),
                ('access_token', models.TextField(blank=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('mailbox', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='oauth', to='mail.mailbox')),
            ],
            options={
                'verbose_name_plural': 'OAuth accesses',
            },
        ),
        migrations.RemoveIndex('inboundmail', 'mail_inbound_waiting'),
        migrations.AddIndex(
            'inboundmail',
            models.Index(condition=models.Q(('state', 'received'), models.Q(('channel', 'import'), _negated=True)), fields=['next_try_at', 'id'], name='mail_inbound_waiting'),
        ),
        migrations.AddIndex(
            'inboundmail',
            models.Index(condition=models.Q(('channel', 'import'), ('state', 'received')), fields=['next_try_at', 'id'], name='mail_inbound_imported'),
        ),
    ]
