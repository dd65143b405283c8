"""A web process watches the engine of escalations, and climbs the ladders itself while nobody else does.

So a dead worker is not a dead escalation. Any number of web processes may watch: one of them stands in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import structlog
from django.db import connection, transaction
from django.utils.module_loading import import_string

from dr_console.live.publish import nudge
from dr_console.operations import engine
from dr_console.operations.engine import RED_AFTER, Level, Reading, level_of
from dr_console.runs.mishaps import Kept

EVERY_SECONDS = 1.0
# Due rows of escalations, and the messages that come of them: without a worker nobody else sends those either.
SCANS = ("incidents.services.escalation.tick", "dr_console.notifications.poller.look_once")

log = structlog.get_logger(__name__)


class StandIn(threading.Thread):
    """`scans`: dotted paths, imported only once they are needed: a web process that never stands in does without."""

    def __init__(self, scans: Sequence[str] = SCANS, *, every: float = EVERY_SECONDS, name: str = "") -> None:
        super().__init__(name="watchdog of escalations", daemon=True)
        self.scans, self.every, self.process = scans, every, name or engine.me()
        self.stands_in = False
        self._began = time.monotonic()
        self._level = Level.WELL
        self._last_error = ""
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(self.every):
            self.look()

    def stop(self) -> None:
        self._stopped.set()

    def look(self) -> None:
        """One round. Whatever goes wrong in it is tried again in the next."""
        kept = Kept()
        with kept:
            self._look()
        if kept.line and kept.line != self._last_error:
            log.error("the watchdog of escalations", error=kept.line)
        self._last_error = kept.line
        # Not kept: one that has broken would never mend.
        connection.close()

    def _look(self) -> None:
        reading = engine.reading()
        # Who has just come does not know that nobody comes: the engine has the same time as ever.
        missed_for = min(reading.age, timedelta(seconds=time.monotonic() - self._began))
        self._tell_pages(level_of(missed_for))
        if missed_for < RED_AFTER:
            self._step_back(reading)
        elif engine.stand_in(self.process):
            self._do_its_work()
        else:
            self.stands_in = False

    def _do_its_work(self) -> None:
        if not self.stands_in:
            log.error("nobody has looked at escalations for 30 s: this web process does it from now on")
        self.stands_in = True
        with engine.standing_in():
            for scan in self.scans:
                kept = Kept()
                with kept:
                    import_string(scan)()
                if kept.line:
                    log.error("standing in", scan=scan, error=kept.line)

    def _step_back(self, reading: Reading) -> None:
        if reading.stand_in and (name := engine.give_back()):
            log.warning("escalations are looked at again by those whose work it is", stood_in=name)
        self.stands_in = False

    def _tell_pages(self, level: Level) -> None:
        """Open pages hear of it at once, not when they next ask."""
        if level is not self._level:
            self._level = level
            with transaction.atomic():
                nudge("console", "watchdog")
