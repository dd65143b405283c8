"""Accepted warnings: who took a slow ladder as it is."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from dr_console.audit import triggers

TABLE, MESSAGE = "incidents_policyacceptance", "what was accepted is append-only"


def create_triggers(apps, schema_editor):
    triggers.create(schema_editor.connection, TABLE, MESSAGE)


def drop_triggers(apps, schema_editor):
    triggers.drop(schema_editor.connection, TABLE)


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0004_contacts'),
        ('plans', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PolicyAcceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('policy_key', models.SlugField(max_length=60)),
                ('severity', models.CharField(choices=[('P0', 'P0 – critical'), ('P1', 'P1 – high'), ('P2', 'P2 – medium'), ('P3', 'P3 – low')], max_length=2, verbose_name='severity')),
                ('last_level_minutes', models.PositiveIntegerField(help_text='When the last level of the first round is paged, if nobody answers.')),
                ('within_minutes', models.IntegerField(help_text='RTO less what is reserved for the recovery, as it was then.')),
                ('name', models.CharField(help_text='As they wrote it under the warning.', max_length=200)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('plan_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='plans.planversion')),
            ],
            options={
                'ordering': ['-pk'],
                'default_permissions': (),
                'indexes': [models.Index(fields=['policy_key', '-id'], name='acceptance_of_policy')],
            },
        ),
        migrations.RunPython(create_triggers, drop_triggers),
    ]
