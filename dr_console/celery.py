"""The Celery app, and every periodic task in one table.

Beat only rings: what is due stands in the database, and a task that is lost or doubled does no harm.
"""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dr_console.settings")

app = Celery("dr_console")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["dr_console.live", "dr_console.operations"])

app.conf.beat_schedule = {}
