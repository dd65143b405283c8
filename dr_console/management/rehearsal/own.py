"""A console of the rehearsal's own: everything that `manage.py up` starts, and the rehearsal as one process of it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType

from django.conf import settings
from honcho.printer import Printer

from dr_console.management.console import Console
from dr_console.management.rehearsal.stage import LOG, Own
from dr_console.operations import data_folder
from dr_console.operations.listener import listen


def run(own: Own, rehearse: Callable[[], int]) -> int:
    """Start the console in its folder, have `rehearse` carried out there, and end it. Returns the exit status.

    What the console's processes print goes to a file in the folder, which is kept when the rehearsal was not passed.
    """
    claim = data_folder.claimed
    assert claim is not None
    status = 2
    try:
        with (own.folder / LOG).open("w", encoding="utf-8") as log:
            status = OwnConsole(claim, Printer(log), rehearse).run()
    finally:
        claim.release()
    if status == 0:
        own.clear_away()
    else:
        print(f"What the console wrote is in {own.folder}, its log in {LOG} there.", file=sys.stderr)
    return status


class OwnConsole(Console):
    def __init__(self, claim: data_folder.Claim, printer: Printer, rehearse: Callable[[], int]) -> None:
        self._rehearse = rehearse
        super().__init__(claim, listen(settings.HOST, settings.PORT), printer)

    def add_first(self) -> None:
        # Where nothing can be forked, a Python of its own finds the console that now runs in this folder.
        arguments = [argument for argument in sys.argv[1:] if argument != "--own"]
        self.add("rehearsal", self._carry_out, arguments, then=self.supervisor.give_up)

    def start_first(self) -> None:
        self.supervisor.start("rehearsal")

    def _carry_out(self) -> None:
        signal.signal(signal.SIGTERM, _leave)
        sys.exit(self._rehearse())


def _leave(number: int, frame: FrameType | None) -> None:
    """In good order, so that the terminal is left as it was."""
    raise SystemExit(128 + number)
