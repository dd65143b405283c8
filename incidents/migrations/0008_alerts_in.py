from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies: ClassVar = [
        ('incidents', '0007_updates'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name='incident',
            name='origin',
            field=models.CharField(choices=[('breach', 'Noticed by the console'), ('person', 'Declared by a person'), ('terminal', 'Declared by a command'), ('api', 'Declared through the API'), ('alert', 'Told of by another program'), ('drill', 'Part of a drill')], default='person', max_length=10, verbose_name='declared'),
        ),
        migrations.CreateModel(
            name='AlertSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=60, unique=True, verbose_name='key')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('kind', models.CharField(choices=[('alertmanager', 'Prometheus Alertmanager'), ('grafana', 'Grafana'), ('pagerduty', 'PagerDuty'), ('webhook', 'Signed webhook'), ('heartbeat', 'Heartbeat')], max_length=12, verbose_name='kind')),
                ('digest', models.CharField(blank=True, help_text='SHA-256 of the token.', max_length=64)),
                ('sealed', models.TextField(blank=True, help_text='The signing secret, encrypted with a key derived from SECRET_KEY.')),
                ('hint', models.CharField(blank=True, max_length=12, verbose_name='begins with')),
                ('old_digest', models.CharField(blank=True, max_length=64)),
                ('old_sealed', models.TextField(blank=True)),
                ('old_until', models.DateTimeField(blank=True, help_text='So long the secret before this one works too.', null=True)),
                ('severity', models.CharField(blank=True, choices=[('P0', 'P0 – critical'), ('P1', 'P1 – high'), ('P2', 'P2 – medium'), ('P3', 'P3 – low')], help_text='Of alerts that name none that is known.', max_length=2, verbose_name='severity')),
                ('opens', models.CharField(choices=[('P0', 'P0 alone'), ('P1', 'P1 and worse'), ('P2', 'P2 and worse'), ('P3', 'Any'), ('never', 'None: alerts are only listed')], default='P2', max_length=5, verbose_name='opens an incident')),
                ('mapping', models.JSONField(default=dict, help_text='Of a signed webhook: where in the body each field is found.')),
                ('is_practice', models.BooleanField(default=False, verbose_name='practice')),
                ('every_minutes', models.PositiveIntegerField(blank=True, null=True, verbose_name='calls at least every (minutes)')),
                ('grace_minutes', models.PositiveIntegerField(default=1, verbose_name='grace (minutes)')),
                ('heard_at', models.DateTimeField(blank=True, help_text='Its last genuine call.', null=True, verbose_name='last heard')),
                ('due_at', models.DateTimeField(blank=True, help_text='When it is missed. Empty: no call is expected.', null=True)),
                ('missed_at', models.DateTimeField(blank=True, help_text='Since when it has been missed.', null=True)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('service', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.service', verbose_name='service')),
            ],
            options={
                'ordering': ['name'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AlertRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('matchers', models.JSONField(default=list, help_text='[["severity", "=", "critical"]]; = != are exact, ~ !~ take * and ?.', verbose_name='where')),
                ('position', models.PositiveIntegerField(default=0)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('action', models.CharField(choices=[('route', 'Opens an incident'), ('list', 'Is only listed')], default='route', max_length=5, verbose_name='what it does')),
                ('severity', models.CharField(blank=True, choices=[('P0', 'P0 – critical'), ('P1', 'P1 – high'), ('P2', 'P2 – medium'), ('P3', 'P3 – low')], help_text='Empty: as the alert says.', max_length=2, verbose_name='severity')),
                ('service', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.service', verbose_name='service')),
                ('source', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.alertsource', verbose_name='source')),
            ],
            options={
                'ordering': ['position', 'pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AlertPayload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='received')),
                ('outcome', models.CharField(choices=[('taken', 'Taken'), ('repeated', 'Known already'), ('ignored', 'Nothing to do'), ('paused', 'The source is paused'), ('malformed', 'Cannot be read'), ('turned_away', 'Turned away'), ('too_big', 'Too big')], max_length=12, verbose_name='outcome')),
                ('status', models.PositiveSmallIntegerField(verbose_name='answered')),
                ('said', models.JSONField(default=dict, help_text='A sentence: what became of it.')),
                ('body', models.TextField(blank=True, help_text='As it came; cut off where it is long.')),
                ('size', models.PositiveIntegerField(default=0, verbose_name='bytes')),
                ('event_id', models.CharField(blank=True, max_length=200)),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='from')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='payloads', to='incidents.alertsource')),
            ],
            options={
                'ordering': ['-pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AlertEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.CharField(max_length=200)),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='incidents.alertsource')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Silence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('matchers', models.JSONField(default=list, help_text='[["severity", "=", "critical"]]; = != are exact, ~ !~ take * and ?.', verbose_name='where')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(db_index=True, verbose_name='until')),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
                ('source', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.alertsource', verbose_name='source')),
            ],
            options={
                'ordering': ['-ends_at', '-pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fingerprint', models.CharField(help_text='By it the source calls the same thing the same.', max_length=200)),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('said', models.JSONField(default=dict, help_text='The title as a sentence, where the console itself wrote it.')),
                ('text', models.TextField(blank=True, verbose_name='description')),
                ('link', models.CharField(blank=True, max_length=1000, verbose_name='link')),
                ('labels', models.JSONField(default=dict, verbose_name='labels')),
                ('severity', models.CharField(blank=True, choices=[('P0', 'P0 – critical'), ('P1', 'P1 – high'), ('P2', 'P2 – medium'), ('P3', 'P3 – low')], max_length=2, verbose_name='severity')),
                ('held_until', models.DateTimeField(blank=True, help_text='So long it is held back; then, if it still fires, it is looked at again.', null=True)),
                ('started_at', models.DateTimeField(verbose_name='began')),
                ('ended_at', models.DateTimeField(blank=True, help_text='Empty: it fires.', null=True, verbose_name='ended')),
                ('said_at', models.DateTimeField(help_text='When the source said what was last believed; older words are not heeded.')),
                ('heard_at', models.DateTimeField(help_text='When the source last said that it fires, or not.', verbose_name='last heard')),
                ('times', models.PositiveIntegerField(default=1, help_text='How often the source has said so.', verbose_name='times told')),
                ('cleared_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='incidents.incident', verbose_name='incident')),
                ('maintenance', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='incidents.maintenancewindow')),
                ('service', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='incidents.service', verbose_name='service')),
                ('rule', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='incidents.alertrule')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='incidents.alertsource', verbose_name='source')),
                ('silence', models.ForeignKey(blank=True, help_text='What held it back last.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='incidents.silence')),
            ],
            options={
                'ordering': ['-started_at', '-pk'],
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='alertsource',
            index=models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='alert_source_due'),
        ),
        migrations.AddIndex(
            model_name='alertpayload',
            index=models.Index(fields=['source', '-id'], name='alert_payload_newest'),
        ),
        migrations.AddConstraint(
            model_name='alertevent',
            constraint=models.UniqueConstraint(fields=('source', 'event_id'), name='alert_event_taken_once'),
        ),
        migrations.AddConstraint(
            model_name='silence',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gte', models.F('starts_at'))), name='silence_does_not_end_before_it_starts'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['-started_at', '-id'], name='alert_newest_first'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['source', 'fingerprint', '-id'], name='alert_of_a_fingerprint'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['incident', '-id'], name='alert_of_an_incident'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('ended_at__isnull', True), ('held_until__isnull', False)), fields=['held_until'], name='alert_held_back'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('source', 'fingerprint'), name='alert_one_firing_a_fingerprint'),
        ),
    ]
