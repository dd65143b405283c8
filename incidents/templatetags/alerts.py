"""States of alerts, of what their sources sent, and of silences, for templates."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from dr_console.web import badges
from incidents import alert_tables
from incidents.models import Alert, AlertPayload, Silence

register = template.Library()
Outcome = AlertPayload.Outcome
STATES = {
    Outcome.TAKEN: "ok",
    Outcome.REPEATED: "skipped",
    Outcome.IGNORED: "skipped",
    Outcome.PAUSED: "skipped",
    Outcome.MALFORMED: "failed",
    Outcome.TURNED_AWAY: "failed",
    Outcome.TOO_BIG: "failed",
}


@register.simple_tag
def alert_state(alert: Alert) -> SafeString:
    return alert_tables.alert_state(alert)


@register.simple_tag
def payload_state(payload: AlertPayload) -> SafeString:
    return badges.state(STATES[Outcome(payload.outcome)], payload.get_outcome_display())


@register.simple_tag
def silence_state(silence: Silence) -> SafeString:
    return alert_tables.silence_state(silence)
