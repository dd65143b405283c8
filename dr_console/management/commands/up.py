"""`manage.py up`: the whole console from one command."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dr_console.management.console import Console
from dr_console.operations import data_folder
from dr_console.operations.listener import listen


class Command(BaseCommand):
    help = (
        "Starts the console: a Redis where REDIS_URL names none, the web server, the workers and the scheduler. "
        "Restarts what dies. Ctrl-C stops everything. Settings come from the environment: see docs/settings.md."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        claim = data_folder.claimed
        if claim is None:
            raise CommandError("Start it as `manage.py up`.")
        try:
            status = Console(claim, listen(settings.HOST, settings.PORT)).run()
        finally:
            claim.release()
        sys.exit(status)
