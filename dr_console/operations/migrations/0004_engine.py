"""Stub: the engine's tick (owner W)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("operations", "0003_watch_heartbeat")]
    operations = []
