"""`manage.py sweep`: carry runs on where nobody else does, until it is stopped. Needs nothing but the database."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dr_console.audit import origin
from dr_console.runs import owners
from dr_console.runs.leases import keeper
from dr_console.runs.sweeper import EVERY_SECONDS, Sweeper


class Command(BaseCommand):
    help = "Look every second for steps of runs that nobody is at, and have them carried out, or carry them out here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="One round, and what it finds; then end.")
        parser.add_argument(
            "--without-redis", action="store_true", help="Ring for no worker: carry out here whatever is due."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        origin.this_process_is(origin.WORKER)
        keeper().ends_process = True
        sweeper = Sweeper(rings=not options["without_redis"])
        if options["once"]:
            sweeper.sweep()
            sweeper.finish()
            return
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        self.stdout.write(f"Sweeping as {owners.me()}, every {EVERY_SECONDS:g} s.")
        sweeper.start()
        stopped.wait()
        sweeper.stop()
