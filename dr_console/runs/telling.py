"""What a person tells a run, by the word of the address: the service that does it, and what is said then."""

from __future__ import annotations

from django.contrib.auth.models import User

from dr_console.errors import Refused
from dr_console.runs.models import Run, Step


def tell(run: Run, step: Step | None, verb: str, *, by: User, version: int, reason: str) -> str:
    """Do it, and say so. Raises Refused, also where the run is not any more as the person saw it (`version`)."""
    raise Refused(verb)
