"""What can be pressed on the page of an incident, as data. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.runs.asking import RUN_ASKS, STEP_ASKS
from dr_console.runs.models import Run, Step
from dr_console.runs.queries import ShownRun
from incidents.models import ChecklistItem, FailoverPlan, Handover, Incident

START, COMMAND, RESPOND = (
    "incidents.start_failover",
    "incidents.command_incident",
    "incidents.respond_to_incident",
)


@dataclass(frozen=True)
class Action:
    """`how`: "ask" opens a question, "press" does it at once, "go" leads to a page. `item`: key of the item of the
    checklist that it is about; without its name beside it, nobody would know which."""

    label: str | Promise
    address: str
    how: Literal["ask", "press", "go"] = "go"
    icon: str = ""
    is_danger: bool = False
    permission: str = ""
    item: str = ""


@dataclass(frozen=True)
class NextAction:
    """`primary` is None where nobody has to do anything, or where the reader may not (`needed` says what it takes).

    `due_at`: when something happens by itself, or has to have happened, which `due_words` says. `version`: of the run
    that was looked at; 0 where there is none.
    """

    title: str
    words: list[str] = field(default_factory=list)
    primary: Action | None = None
    others: list[Action] = field(default_factory=list)
    due_at: datetime | None = None
    due_words: str = ""
    version: int = 0
    needed: str = ""

    @property
    def due_seconds(self) -> int | None:
        return None if self.due_at is None else max(0, round((self.due_at - now()).total_seconds()))


def resolve(incident: Incident) -> Action:
    return Action(_("Resolve incident"), _address(incident, "resolve"), "ask", "check", permission=COMMAND)


def close(incident: Incident) -> Action:
    return Action(_("Close incident"), _address(incident, "close"), "ask", "check", permission=COMMAND)


def reopen(incident: Incident) -> Action:
    return Action(_("Reopen incident"), _address(incident, "reopen"), "ask", "rotate-cw", permission=COMMAND)


def decide_severity(incident: Incident) -> Action:
    return Action(_("Say how bad it is"), _address(incident, "severity"), "ask", "gauge", permission=COMMAND)


def take_command(incident: Incident) -> Action:
    return Action(_("Take command"), _address(incident, "take-command"), "press", "hand", permission=COMMAND)


def read_briefing(offered: Handover) -> Action:
    return Action(_("Briefing"), offered.get_absolute_url(), "go", "users", permission=COMMAND)


def _address(incident: Incident, name: str) -> str:
    return reverse(f"incidents:{name}", args=[incident.reference])


def preview(plan: FailoverPlan, incident: Incident, *, primary: bool = False) -> Action:
    address = reverse("incidents:failover-preview", args=[plan.key]) + f"?incident={incident.reference}"
    label = _("Preview and start…") if primary else _("Preview: %(plan)s") % {"plan": plan.name}
    return Action(label, address, icon="eye", permission=START)


def tells(shown: ShownRun, *verbs: str) -> list[Action]:
    """Those of the verbs that the run can be told now."""
    return [tell(shown.run, verb, "press" if verb == "pause" else "ask") for verb in verbs if verb in shown.may]


def tell(run: Run, verb: str, how: Literal["ask", "press"]) -> Action:
    ask = RUN_ASKS[verb]
    return Action(ask.button, reverse("runs:tell", args=[run.code, verb]), how, ask.icon, permission=ask.permission)


def tell_step(run: Run, step: Step, verb: str) -> Action:
    ask = STEP_ASKS[verb]
    address = reverse("runs:tell-step", args=[run.code, step.key, verb])
    is_danger = verb == "approve"
    return Action(ask.button, address, "ask", ask.icon, is_danger, ask.permission)


# --- Items of the checklist -----------------------------------------------------------------------------------------
def tick(item: ChecklistItem) -> Action:
    return Action(_("Done"), _of_item(item, "tick"), "press", "check", permission=RESPOND, item=item.key)


def press_item(item: ChecklistItem) -> Action:
    """What the item leads to is done at once."""
    label = str(item.get_action_display())
    return Action(label, _of_item(item, "press"), "press", permission=RESPOND, item=item.key)


def lead(item: ChecklistItem) -> Action:
    """What the item leads to is a page."""
    return Action(str(item.get_action_display()), _of_item(item, "lead"), permission=RESPOND, item=item.key)


def open_item(item: ChecklistItem) -> Action:
    return Action(_("Note, or does not apply…"), _of_item(item, "item"), "ask", permission=RESPOND, item=item.key)


def _of_item(item: ChecklistItem, verb: str) -> str:
    return reverse(f"incidents:checklist-{verb}", args=[item.incident.reference, item.key])
