"""What the benchmarks of pages stand on: Django with the settings of the tests, on SQLite or on DATABASE_URL."""

from __future__ import annotations

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
