"""Stub: on-call schedules (owner O)."""

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
        # The addresses of calendar programs (P).
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
