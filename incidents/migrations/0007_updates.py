from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("incidents", "0006_timeline"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='StatusPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(default=1, unique=True)),
                ('wanted', models.PositiveBigIntegerField(default=1, help_text='Which state of the page everybody is to see.')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='StatusStore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='A word of queries.status_stores.', max_length=60, unique=True, verbose_name='place')),
                ('pushed', models.PositiveBigIntegerField(default=0, help_text='The state that stands there. 0: none.')),
                ('pushed_at', models.DateTimeField(blank=True, null=True, verbose_name='last pushed')),
                ('digests', models.JSONField(default=dict, help_text='Of each file that stands there, by its name.')),
                ('lease_until', models.DateTimeField(blank=True, help_text='While somebody is pushing.', null=True)),
                ('fence', models.PositiveBigIntegerField(default=0, help_text='Only one of those who read this one can raise it.')),
                ('not_before', models.DateTimeField(default=django.utils.timezone.now, help_text='After a failure, the next try.')),
                ('failures', models.PositiveIntegerField(default=0, help_text='In a row.')),
                ('failed_since', models.DateTimeField(blank=True, null=True)),
                ('told_at', models.DateTimeField(blank=True, help_text='When people were told that it fails.', null=True)),
                ('error', models.JSONField(blank=True, help_text='The facts of a ProviderError.', null=True)),
            ],
            options={
                'ordering': ['name'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='UpdatePolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='Place in the plan, counted from 0.', verbose_name='position')),
                ('retired_at', models.DateTimeField(blank=True, help_text='When a new version left it out. Empty: it is part of the current plan.', null=True)),
                ('key', models.SlugField(max_length=60, unique=True, verbose_name='key')),
                ('audience', models.CharField(choices=[('responders', 'Responders'), ('managers', 'Managers'), ('customers', 'Customers')], max_length=10, verbose_name='audience')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('name_en', models.CharField(max_length=200, null=True, verbose_name='name')),
                ('name_zh_hans', models.CharField(max_length=200, null=True, verbose_name='name')),
                ('targets', models.JSONField(default=list, help_text='“rotation:key” or “contact:key”.', verbose_name='who')),
                ('channels', models.JSONField(default=list, help_text='Empty: by no message.', verbose_name='by')),
            ],
            options={
                'ordering': ['position', 'key'],
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='MaintenanceNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.JSONField(default=dict, help_text='By language.')),
                ('text', models.JSONField(default=dict, help_text='By language.')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='published')),
                ('token', models.CharField(help_text='Published twice with it: one notice.', max_length=80, unique=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, help_text='When it was called off.', null=True)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('services', models.ManyToManyField(blank=True, related_name='+', to='incidents.service', verbose_name='services')),
                ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-starts_at', '-pk'],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='maintenance_notice_ends_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='StatusUpdate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('audience', models.CharField(choices=[('responders', 'Responders'), ('managers', 'Managers'), ('customers', 'Customers')], max_length=10, verbose_name='audience')),
                ('stage', models.CharField(choices=[('investigating', 'Investigating'), ('identified', 'Identified'), ('monitoring', 'Monitoring'), ('resolved', 'Resolved')], max_length=13, verbose_name='stage')),
                ('headline', models.JSONField(default=dict, help_text='By language, and so are the others. One may be missing.')),
                ('conditions', models.JSONField(default=dict)),
                ('actions', models.JSONField(default=dict)),
                ('needs', models.JSONField(default=dict)),
                ('impact', models.JSONField(default=dict, help_text='To customers: a word of Impact by the key of the service.')),
                ('next_at', models.DateTimeField(blank=True, help_text='Promised. Empty: none is.', null=True, verbose_name='next update')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='published')),
                ('token', models.CharField(help_text='Published twice with it: one update.', max_length=80, unique=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='updates', to='incidents.incident')),
                ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-at', '-pk'],
                'default_permissions': (),
                'indexes': [models.Index(fields=['incident', 'audience', '-at'], name='update_newest_of_incident')],
            },
        ),
        migrations.CreateModel(
            name='UpdateDue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('audience', models.CharField(choices=[('responders', 'Responders'), ('managers', 'Managers'), ('customers', 'Customers')], max_length=10, verbose_name='audience')),
                ('at', models.DateTimeField(blank=True, help_text='Empty: none is owed.', null=True, verbose_name='due')),
                ('armed_at', models.DateTimeField(default=django.utils.timezone.now, help_text='Since when it is counted down.')),
                ('reminded_at', models.DateTimeField(blank=True, help_text='When it was about to fall due.', null=True)),
                ('overdue_told_at', models.DateTimeField(blank=True, help_text='When it had fallen due, and nobody wrote.', null=True)),
                ('snooze_reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='updates_due', to='incidents.incident')),
                ('snoozed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['at'], name='update_due_first')],
                'constraints': [models.UniqueConstraint(fields=('incident', 'audience'), name='update_due_once_for_each_audience')],
            },
        ),
        migrations.CreateModel(
            name='UpdateCadence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='Place in the plan, counted from 0.', verbose_name='position')),
                ('retired_at', models.DateTimeField(blank=True, help_text='When a new version left it out. Empty: it is part of the current plan.', null=True)),
                ('severity', models.CharField(choices=[('P0', 'P0 – critical'), ('P1', 'P1 – high'), ('P2', 'P2 – medium'), ('P3', 'P3 – low')], max_length=2, verbose_name='severity')),
                ('every_minutes', models.PositiveIntegerField(verbose_name='every (minutes)')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='cadences', to='incidents.updatepolicy')),
            ],
            options={
                'ordering': ['position'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('policy', 'severity'), name='cadence_once_for_each_severity')],
            },
        ),
        migrations.CreateModel(
            name='UpdateWording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='Place in the plan, counted from 0.', verbose_name='position')),
                ('retired_at', models.DateTimeField(blank=True, help_text='When a new version left it out. Empty: it is part of the current plan.', null=True)),
                ('stage', models.CharField(choices=[('investigating', 'Investigating'), ('identified', 'Identified'), ('monitoring', 'Monitoring'), ('resolved', 'Resolved')], max_length=13, verbose_name='stage')),
                ('headline', models.CharField(max_length=200, verbose_name='headline')),
                ('headline_en', models.CharField(max_length=200, null=True, verbose_name='headline')),
                ('headline_zh_hans', models.CharField(max_length=200, null=True, verbose_name='headline')),
                ('conditions', models.TextField(blank=True, verbose_name='conditions')),
                ('conditions_en', models.TextField(blank=True, null=True, verbose_name='conditions')),
                ('conditions_zh_hans', models.TextField(blank=True, null=True, verbose_name='conditions')),
                ('actions', models.TextField(blank=True, verbose_name='actions')),
                ('actions_en', models.TextField(blank=True, null=True, verbose_name='actions')),
                ('actions_zh_hans', models.TextField(blank=True, null=True, verbose_name='actions')),
                ('needs', models.TextField(blank=True, verbose_name='needs')),
                ('needs_en', models.TextField(blank=True, null=True, verbose_name='needs')),
                ('needs_zh_hans', models.TextField(blank=True, null=True, verbose_name='needs')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='wordings', to='incidents.updatepolicy')),
            ],
            options={
                'ordering': ['position'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('policy', 'stage'), name='wording_once_for_each_stage')],
            },
        ),
    ]
