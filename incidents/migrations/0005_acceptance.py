"""Stub: accepted warnings (owner F)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0004_contacts")]
    operations = []
