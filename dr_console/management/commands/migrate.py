"""`manage.py migrate`: Django's own, but an empty database gets its tables at once."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS

from dr_console.management import empty_database

OTHERWISE = ("app_label", "migration_name", "fake", "fake_initial", "plan", "check_unapplied", "prune")


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        is_plain = options["database"] == DEFAULT_DB_ALIAS and not any(options[name] for name in OTHERWISE)
        if not (is_plain and empty_database.is_empty()):
            super().handle(*args, **options)
            return
        empty_database.fill()
        if options["verbosity"] > 0:
            self.stdout.write("The database was empty: all tables have been made at once.")
