import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0004_company_and_absence'),
        ('tickets', '0009_tags'),
    ]

    operations = [
        migrations.CreateModel(
            name='View',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('query', models.TextField(blank=True)),
                ('columns', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None)),
                ('order', models.CharField(choices=[('changed', 'last change'), ('newest', 'newest first'), ('oldest', 'oldest first'), ('waiting', 'longest waiting'), ('priority', 'priority'), ('due', 'due first')], default='changed', max_length=12)),
                ('grouping', models.CharField(blank=True, choices=[('', 'no groups'), ('queue', 'by queue'), ('owner', 'by owner'), ('state', 'by state'), ('priority', 'by priority'), ('customer', 'by customer'), ('day', 'by day')], default='', max_length=12)),
                ('audience', models.CharField(choices=[('me', 'only for me'), ('role', 'for everybody with a role'), ('everyone', 'for everybody')], default='me', max_length=8)),
                ('position', models.PositiveIntegerField(default=0)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='views', to=settings.AUTH_USER_MODEL)),
                ('role', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='views', to='people.role')),
            ],
            options={
                'ordering': ('position', 'pk'),
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='tickets_view_has_name'), models.CheckConstraint(condition=models.Q(models.Q(('audience', 'role'), ('role__isnull', False)), models.Q(models.Q(('audience', 'role'), _negated=True), ('role__isnull', True)), _connector='OR'), name='tickets_view_role_of_a_role'), models.CheckConstraint(condition=models.Q(('audience__in', ['me', 'role', 'everyone'])), name='tickets_view_known_audience')],
            },
        ),
    ]
