"""On-call schedules: layers of a rotation, and what people change of it."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0002_escalation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Absence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(db_index=True, verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('contact_key', models.CharField(db_index=True, max_length=60, verbose_name='contact')),
                ('withdrawn_at', models.DateTimeField(blank=True, help_text='Taken back before it began.', null=True)),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'ordering': ['-starts_at', '-pk'],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='on_call_absence_ends_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='Override',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(db_index=True, verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('rotation_key', models.CharField(db_index=True, max_length=60, verbose_name='rotation')),
                ('contact_key', models.CharField(db_index=True, max_length=60, verbose_name='contact')),
                ('withdrawn_at', models.DateTimeField(blank=True, help_text='Taken back before it began.', null=True)),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'ordering': ['-starts_at', '-pk'],
                'permissions': [('cover_on_call', 'Can take on-call, swap shifts and be absent'), ('change_on_call', 'Can change who is on call')],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='on_call_override_ends_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='RotationLayer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='Place in the plan, counted from 0.', verbose_name='position')),
                ('retired_at', models.DateTimeField(blank=True, help_text='When a new version left it out. Empty: it is part of the current plan.', null=True)),
                ('key', models.SlugField(max_length=60, verbose_name='key')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('name_en', models.CharField(max_length=200, null=True, verbose_name='name')),
                ('name_zh_hans', models.CharField(max_length=200, null=True, verbose_name='name')),
                ('time_zone', models.CharField(max_length=60, verbose_name='time zone')),
                ('period', models.CharField(choices=[('daily', 'Daily'), ('weekly', 'Weekly')], max_length=6, verbose_name='period')),
                ('hand_over_at', models.CharField(help_text='Time of day in its own time zone.', max_length=5, verbose_name='hand-over at')),
                ('starts_on', models.DateField(help_text='Before that day it has nobody.', verbose_name='starts on')),
                ('participants', models.JSONField(default=list, help_text='Keys of contacts, in order of turn.', verbose_name='participants')),
                ('weekdays', models.JSONField(default=list, help_text='mon, tue, … Empty: every day.', verbose_name='days')),
                ('hours', models.CharField(blank=True, help_text='09:00-18:00. Empty: all day.', max_length=11, verbose_name='hours')),
                ('rotation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='layers', to='incidents.rotation')),
            ],
            options={
                'ordering': ['position'],
                'abstract': False,
                'constraints': [models.UniqueConstraint(fields=('rotation', 'key'), name='rotation_layer_key_once_in_a_rotation')],
            },
        ),
        migrations.CreateModel(
            name='Swap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(db_index=True, verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('rotation_key', models.CharField(db_index=True, max_length=60, verbose_name='rotation')),
                ('from_contact', models.CharField(db_index=True, max_length=60, verbose_name='instead of')),
                ('to_contact', models.CharField(db_index=True, max_length=60, verbose_name='stands in')),
                ('return_starts_at', models.DateTimeField(blank=True, null=True, verbose_name='in return from')),
                ('return_ends_at', models.DateTimeField(blank=True, null=True, verbose_name='in return until')),
                ('state', models.CharField(choices=[('offered', 'Offered'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn')], default='offered', max_length=10, verbose_name='state')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered')),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'ordering': ['-made_at', '-pk'],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='on_call_swap_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('from_contact', models.F('to_contact')), _negated=True), name='on_call_swap_is_of_two'), models.CheckConstraint(condition=models.Q(models.Q(('return_ends_at__isnull', True), ('return_starts_at__isnull', True)), models.Q(('return_ends_at__gt', models.F('return_starts_at')), ('return_starts_at__isnull', False)), _connector='OR'), name='on_call_swap_return_ends_after_it_starts'), models.UniqueConstraint(condition=models.Q(('state', 'offered')), fields=('rotation_key', 'from_contact', 'to_contact', 'starts_at', 'ends_at'), name='on_call_swap_offered_once')],
            },
        ),
        # The addresses of calendar programs.
        migrations.CreateModel(
            name='OnCallFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rotation_key', models.CharField(blank=True, help_text='Empty: of a person.', max_length=60)),
                ('contact_key', models.CharField(blank=True, help_text='Empty: of a rotation.', max_length=60)),
                ('name', models.CharField(help_text='What reads it: my telephone.', max_length=100, verbose_name='name')),
                ('digest', models.CharField(help_text='SHA-256 of what is secret in its address.', max_length=64, unique=True)),
                ('hint', models.CharField(help_text='To tell it from others.', max_length=12, verbose_name='begins with')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='made')),
                ('read_at', models.DateTimeField(blank=True, help_text='To the hour.', null=True, verbose_name='last read')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'ordering': ['-made_at', '-pk'],
                'default_permissions': (),
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('rotation_key', ''), models.Q(('contact_key', ''), _negated=True)), models.Q(models.Q(('rotation_key', ''), _negated=True), ('contact_key', '')), _connector='OR'), name='oncall_feed_of_a_rotation_or_of_a_person')],
            },
        ),
    ]
