"""Stub: callbacks (owner H)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_deliveries")]
    operations = []
