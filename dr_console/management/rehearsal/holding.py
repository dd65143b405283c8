"""Keep the console from acting for a while, as a person would: by the kill switch."""

from __future__ import annotations

from dr_console.management.rehearsal.people import whoever
from dr_console.runs import services as runs
from dr_console.runs.models import Interlock

EVERYTHING = "all"
REASON = "A rehearsal lets it come and go first."


def hold() -> None:
    runs.set_interlock(EVERYTHING, True, by=whoever(), reason=REASON)


def release() -> None:
    """Let go of what `hold` holds; what somebody else holds stays held."""
    if Interlock.objects.filter(name=EVERYTHING, is_on=True, reason=REASON).exists():
        runs.set_interlock(EVERYTHING, False, by=whoever(), reason=REASON)
