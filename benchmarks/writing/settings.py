"""The console's settings, with the one page and the one task that write as fast as they can."""

from __future__ import annotations

import os

from dr_console.settings import *  # noqa: F403
from dr_console.settings import CELERY_WORKER_CONCURRENCY, DATABASES, MIDDLEWARE

ROOT_URLCONF = "benchmarks.writing.urls"
CELERY_IMPORTS = ["benchmarks.writing.tasks"]
CELERY_WORKER_CONCURRENCY = 2  # noqa: F811
# Neither sessions nor people, which would be read more than written: the write is what is measured.
MIDDLEWARE = [name for name in MIDDLEWARE if "common" in name or "allauth" in name]
if os.environ.get("WRITING_AS") == "django's defaults":
    DATABASES["default"].pop("OPTIONS", None)
