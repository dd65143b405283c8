"""What a person is asked before a run is told something: what it means, what is kept, and what has to be typed."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dr_console.runs.models import Command, Run, Step

CONTROL, APPROVE = "runs.control_run", "runs.approve_step"


@dataclass(frozen=True)
class Ask:
    """`says`: the consequences. `keep`: what the way out is called. `reason`: the label of the comment's field.

    `takes_phrase`: users' traffic is moved, so the name of the target has to be typed.
    """

    title: str | Promise
    says: tuple[str | Promise, ...]
    button: str | Promise
    keep: str | Promise
    icon: str
    reason: str | Promise = _("Comment")
    needs_reason: bool = False
    is_danger: bool = False
    takes_phrase: bool = False
    permission: str = CONTROL


RUN_ASKS: dict[str, Ask] = {
    "pause": Ask(
        _("Pause the run?"),
        (_("What is being asked of a vendor now is ended first; no further step begins until somebody resumes."),),
        _("Pause run"),
        _("Let it run"),
        "pause",
    ),
    "resume": Ask(
        _("Resume the run?"),
        (_("It goes on with the steps that have not ended. Each looks first at what is so already."),),
        _("Resume run"),
        _("Leave it paused"),
        "play",
    ),
    "abort": Ask(
        _("Abort the run?"),
        (
            _("No further step begins. What has been done stays as it is, unless you have it put back."),
            _("An aborted run cannot be resumed; a new one can be started."),
        ),
        _("Abort run"),
        _("Let it run"),
        "circle-stop",
        reason=_("Why"),
        needs_reason=True,
        is_danger=True,
    ),
    "undo": Ask(
        _("Put back what this run has changed?"),
        (
            _("Every change is put back to what was before it, the last one first. Each step looks before it acts."),
            _("Traffic goes back to where it was when the run began: look whether that is well."),
        ),
        _("Undo run"),
        _("Keep what it has done"),
        "undo-2",
        reason=_("Why"),
        needs_reason=True,
        is_danger=True,
        takes_phrase=True,
    ),
}
STEP_ASKS: dict[str, Ask] = {
    "approve": Ask(
        _("Approve “%(step)s”?"),
        (_("The step begins as soon as enough people have said yes."),),
        _("Approve"),
        _("Not yet"),
        "check",
        is_danger=True,
        takes_phrase=True,
        permission=APPROVE,
    ),
    "decline": Ask(
        _("Decline “%(step)s”?"),
        (_("The step is not carried out, and the run stops and waits for a person."),),
        _("Decline"),
        _("Not yet"),
        "x",
        reason=_("Why"),
        needs_reason=True,
        permission=APPROVE,
    ),
    "retry": Ask(
        _("Try “%(step)s” again?"),
        (_("It looks first whether what it wants is so already; nothing is done twice."),),
        _("Try again"),
        _("Leave it"),
        "rotate-cw",
    ),
    "mark_done": Ask(
        _("Mark “%(step)s” as done?"),
        (_("The console believes you, and goes on with what waits for this step. Say how you know."),),
        _("Mark as done"),
        _("Leave it"),
        "check",
        reason=_("How you know"),
        needs_reason=True,
        is_danger=True,
    ),
    "skip": Ask(
        _("Skip “%(step)s”?"),
        (_("It is not carried out, and what waits for it goes on as if it had been."),),
        _("Skip step"),
        _("Leave it"),
        "skip-forward",
        reason=_("Why"),
        needs_reason=True,
        is_danger=True,
    ),
    "ignore": Ask(
        _("Go on in spite of “%(step)s”?"),
        (_("Its failure stays on record, and the run can end only “with exceptions”."),),
        _("Ignore the failure"),
        _("Leave it"),
        "arrow-right",
        reason=_("Why"),
        needs_reason=True,
        is_danger=True,
    ),
}


def permission(ask: Ask, step: Step | None) -> str:
    """Whose yes or no it takes: a step may ask for people of its own."""
    approval = getattr(step, "approval", None)
    return approval.permission if approval and ask.permission == APPROVE else ask.permission


def phrase(run: Run, ask: Ask) -> str:
    """What has to be typed: the name of what traffic goes to; empty where nothing has to be."""
    if not ask.takes_phrase:
        return ""
    forth = run.context.get("to_region") or run.context.get("target")
    # What is undone leads traffic back to where it came from.
    back = run.context.get("from_region") if ask is RUN_ASKS["undo"] else ""
    return str(back or forth or "")


def verb_words(verb: str) -> str:
    """What its button is called; the word itself for what has none."""
    ask = RUN_ASKS.get(verb) or STEP_ASKS.get(verb)
    return str(ask.button) if ask else verb


def told(command: Command) -> str:
    """The words of the button that was pressed, and the step it was about."""
    words = verb_words(command.verb)
    return f"{words}: {command.step.title}" if command.step else words


def command_token(run: Run, step: Step | None, verb: str, person: int, version: int) -> str:
    """The same for a second press on what shows the same state: it is one command."""
    said = f"{run.code}:{step.key if step else ''}:{verb}:{person}:{version}"
    return sha256(said.encode()).hexdigest()[:40]
