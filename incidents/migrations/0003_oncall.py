"""Stub: on-call schedules (owner O)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_escalation")]
    operations = []
