"""Stub: contacts (owner C)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_oncall")]
    operations = []
