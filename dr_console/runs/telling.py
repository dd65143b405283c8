"""What a person tells a run, by the word of the address: the service that does it, and what is said then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from dr_console.errors import Refused
from dr_console.runs import services
from dr_console.runs.asking import command_token
from dr_console.runs.models import Run, Step

Tell = Callable[..., Run]
TO_RUN: dict[str, Tell] = {
    "pause": services.pause,
    "resume": services.resume,
    "abort": services.abort,
    "undo": services.undo_run,
}
TO_STEP: dict[str, Tell] = {
    "approve": services.approve,
    "decline": services.decline,
    "retry": services.retry_step,
    "skip": services.skip_step,
    "ignore": services.ignore_step,
    "mark_done": services.mark_done,
}
STOPS = ("pause", "abort")


def tell(run: Run, step: Step | None, verb: str, *, by: User, version: int, reason: str) -> str:
    """Do it, and say so. Raises Refused, also where the run is not any more as the person saw it (`version`).

    The same press a second time, however soon after the first, is the same command.
    """
    token = command_token(run, step, verb, by.pk, version)
    # A run that moves on is to be stopped all the same: nobody has to have seen its last step for that.
    seen: dict[str, Any] = {"expected_version": None if verb in STOPS else version, "client_token": token}
    seen["evidence" if verb == "mark_done" else "reason"] = reason
    try:
        if step is None:
            TO_RUN[verb](run, by=by, **seen)
        else:
            TO_STEP[verb](step, by=by, **seen)
    except Refused:
        if not run.commands.filter(client_token=token).exists():
            raise
    return _said(verb, run, step)


def _said(verb: str, run: Run, step: Step | None) -> str:
    texts = {
        "pause": _("The run is being paused."),
        "resume": _("The run goes on."),
        "abort": _("The run is being aborted."),
        "undo": _("What the run has changed is being put back."),
        "approve": _("Approved: %(step)s."),
        "decline": _("Declined: %(step)s."),
        "retry": _("Tried again: %(step)s."),
        "skip": _("Skipped: %(step)s."),
        "ignore": _("The run goes on without: %(step)s."),
        "mark_done": _("Marked as done: %(step)s."),
    }
    return texts[verb] % {"step": step.title if step else run.title}
