from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("incidents", "0004_command"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name='checklisttemplateitem',
            name='action',
            field=models.CharField(blank=True, choices=[('activate_team', 'Page the response team'), ('fail_over', 'Preview and start a failover'), ('verify_standby', 'Check the standby'), ('publish_update', 'Write a status update'), ('record_details', 'Ticked by itself once all is recorded'), ('analyse_cause', 'Open the report')], max_length=16, verbose_name='leads to'),
        ),
        migrations.AddField(
            model_name='checklisttemplateitem',
            name='condition',
            field=models.CharField(blank=True, choices=[('data_lost', 'Only if data is lost'), ('switched_over', 'Only once traffic was switched over'), ('degraded', 'Only while a degradation level is in force'), ('real', 'Not in a drill')], max_length=16, verbose_name='condition'),
        ),
        migrations.AlterField(
            model_name='checklisttemplateitem',
            name='due_minutes',
            field=models.PositiveIntegerField(help_text='Counted from the beginning. Empty: no time is set.', null=True, verbose_name='due after (minutes)'),
        ),
        migrations.CreateModel(
            name='ChosenChecklist',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chosen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('incident', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='chosen_checklist', to='incidents.incident')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.checklisttemplate')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ChecklistAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('condition', models.CharField(choices=[('data_lost', 'Only if data is lost'), ('switched_over', 'Only once traffic was switched over'), ('degraded', 'Only while a degradation level is in force'), ('real', 'Not in a drill')], max_length=16)),
                ('holds', models.BooleanField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='checklist_answers', to='incidents.incident')),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('incident', 'condition'), name='checklist_answer_once_for_a_condition')],
            },
        ),
        migrations.CreateModel(
            name='ChecklistItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(help_text='That of the plan’s item, the same in all of its lists.', max_length=60)),
                ('position', models.PositiveIntegerField(help_text='Place in the list; only the order counts.')),
                ('texts', models.JSONField(default=dict, help_text='What is to be done, in every language that it is written in.')),
                ('role', models.CharField(blank=True, choices=[('commander', 'Incident commander'), ('operations', 'Operations'), ('communications', 'Communications'), ('scribe', 'Scribe')], max_length=14, verbose_name='role')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='due')),
                ('action', models.CharField(blank=True, choices=[('activate_team', 'Page the response team'), ('fail_over', 'Preview and start a failover'), ('verify_standby', 'Check the standby'), ('publish_update', 'Write a status update'), ('record_details', 'Ticked by itself once all is recorded'), ('analyse_cause', 'Open the report')], max_length=16)),
                ('condition', models.CharField(blank=True, choices=[('data_lost', 'Only if data is lost'), ('switched_over', 'Only once traffic was switched over'), ('degraded', 'Only while a degradation level is in force'), ('real', 'Not in a drill')], max_length=16)),
                ('state', models.CharField(choices=[('open', 'To do'), ('done', 'Done'), ('not_applicable', 'Does not apply')], default='open', max_length=14, verbose_name='state')),
                ('settled_at', models.DateTimeField(blank=True, help_text='When it was done, or said not to apply.', null=True)),
                ('settled_for', models.CharField(blank=True, help_text='What the console ticked it for: the same fact ticks it once.', max_length=120)),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='why it does not apply')),
                ('note', models.TextField(blank=True, verbose_name='note')),
                ('evidence_url', models.URLField(blank=True, max_length=500, verbose_name='evidence')),
                ('finding', models.JSONField(default=dict, help_text='What its action found last, as a sentence.')),
                ('finding_is_good', models.BooleanField(blank=True, null=True)),
                ('found_at', models.DateTimeField(blank=True, null=True)),
                ('version', models.PositiveIntegerField(default=0, help_text='Of its details: who changes them has seen this one.')),
                ('dropped_at', models.DateTimeField(blank=True, help_text='When it was taken off the list, untouched. Nothing is deleted.', null=True)),
                ('added_by', models.ForeignKey(blank=True, help_text='Empty: the plan.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='checklist', to='incidents.incident')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('settled_by', models.ForeignKey(blank=True, help_text='Empty: the console ticked it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['position', 'pk'],
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('incident', 'key'), name='checklist_key_once_in_an_incident'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='checklist_item_settled_exactly_when_it_has_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'not_applicable'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='checklist_item_does_not_apply_for_a_reason')],
            },
        ),
    ]
