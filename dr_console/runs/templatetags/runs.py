"""How runs and their steps look in templates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from dr_console.runs import asking
from dr_console.runs.asking import RUN_ASKS, STEP_ASKS, Ask, told
from dr_console.runs.models import Command, Run, Step, StepEvent
from dr_console.runs.queries import ShownStep
from dr_console.web import badges
from dr_console.web.access import roles_that_may
from dr_console.web.icons import icon
from dr_console.web.words import listed

register = template.Library()

_R = Run.State
RUN_LOOKS = {
    _R.PLANNED: "todo",
    _R.RUNNING: "running",
    _R.WAITING_APPROVAL: "waiting",
    _R.PAUSING: "running",
    _R.PAUSED_BY_OPERATOR: "waiting",
    _R.PAUSED_BY_FAILED_STEP: "failed",
    _R.ABORTING: "running",
    _R.ROLLING_BACK: "running",
    _R.SUCCEEDED: "ok",
    _R.SUCCEEDED_WITH_EXCEPTIONS: "waiting",
    _R.NOT_NEEDED: "ok",
    _R.ABORTED: "skipped",
    _R.TIMED_OUT: "failed",
    _R.FAILED: "failed",
    _R.ROLLED_BACK: "skipped",
    _R.ROLLBACK_FAILED: "failed",
}
EVENT_WORDS = {
    "run_started": _("The run was started"),
    "claimed": _("A worker took it"),
    "owner_gone": _("The worker that had it is gone"),
    "intended": _("Decided to act"),
    "acted": _("The vendor accepted it"),
    "call": _("Asked a vendor"),
    "command": _("A person told it"),
    "interlock": _("The kill switch was turned"),
}
# Where the look alone would not tell two states apart.
STEP_ICONS = {
    Step.State.READY: "circle-dashed",
    Step.State.RETRY_WAIT: "hourglass",
    Step.State.TIMED_OUT: "clock",
    Step.State.SKIPPED: "skip-forward",
    Step.State.ROLLED_BACK: "undo-2",
}


@register.simple_tag
def step_icon(shown: ShownStep) -> SafeString:
    """{% step_icon shown %}: decoration; the word beside it says the same."""
    return icon(STEP_ICONS.get(Step.State(shown.step.state), badges.STATES[shown.look][0]))


@register.filter
def second(when: datetime | None) -> SafeString | str:
    """{{ when|second }}: 14:30:12 (UTC), for what is told to the second."""
    if when is None:
        return "–"
    utc = when.astimezone(UTC)
    return format_html('<time datetime="{}">{}</time>', f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%H:%M:%S}")


@register.simple_tag
def run_state(run: Run) -> SafeString:
    """{% run_state run %}: shape, word and colour of how far it is."""
    return badges.state(RUN_LOOKS[Run.State(run.state)], run.get_state_display())


@register.filter
def run_ask(verb: str) -> Ask:
    """{{ verb|run_ask }}: what its button is called."""
    return RUN_ASKS[verb]


@register.filter
def step_ask(verb: str) -> Ask:
    return STEP_ASKS[verb]


@register.simple_tag
def fill(text: str | Promise, names: dict[str, str]) -> str:
    """{% fill ask.title names %}: the text with its names filled in."""
    return str(text) % names


@register.filter
def padded_clock(length: timedelta) -> str:
    """{{ left|padded_clock }}: 09:01, without a sign; 1:02:03 from an hour on."""
    minutes, seconds = divmod(int(abs(length.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


@register.simple_tag
def roles_for(permission: str) -> str:
    """{% roles_for "runs.control_run" as roles %}: who may, in words."""
    return listed(roles_that_may(permission))


@register.filter
def command_words(command: Command) -> str:
    """{{ command|command_words }}: the words of the button that was pressed, and the step it was about."""
    return told(command)


@register.filter
def event_words(event: StepEvent) -> str:
    """{{ event|event_words }}: what happened, in words, also where the engine wrote only what kind it was."""
    if event.kind == "command":
        return asking.verb_words(str(event.data.get("verb", "")))
    if event.kind == "call":
        return call_words(event.data)
    return event.words or kind_words(event.kind)


@register.filter
def kind_words(kind: str) -> str:
    """{{ event.kind|kind_words }}: the stored word where nobody gave it another one."""
    if kind in EVENT_WORDS:
        return str(EVENT_WORDS[kind])
    state = kind.removeprefix("run_")
    states = Run.State if state != kind else Step.State
    return str(states(state).label) if state in states.values else kind


@register.filter
def call_words(call: dict[str, Any]) -> str:
    """{{ shown.last_call|call_words }}: Cloudflare PATCH → 200."""
    asked = " ".join(str(call[name]) for name in ("vendor", "method") if call.get(name))
    return f"{asked} → {call.get('status') or call.get('problem') or '?'}"
