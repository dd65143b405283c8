"""Tell people how a failover went."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext_noop as _

from dr_console.notifications.models import Delivery
from dr_console.runs.models import Run
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Preview, Sight, StepFunction
from dr_console.web.sentences import sentence
from incidents.models import Incident
from incidents.services import alerts, failover_news
from incidents.services import incident as incidents
from incidents.steps.parameters import Event, Message, problems, read


class Notify(StepFunction):
    """Ask for messages. Sending them is the outbox's: a provider that is down holds no failover up."""

    name = "failover.notify"
    idempotency: ClassVar[Idempotency] = Idempotency.CLIENT_TOKEN
    drill_safe: ClassVar[bool] = True

    def observe(self, context: Context) -> Observation:
        asked = context.effect is not None
        event = read(Message, context.parameters).event
        return Observation(
            Sight.MATCHES if asked else Sight.DIFFERS,
            now={"asked": asked},
            wanted={"asked": True, "event": str(event)},
            said=_said(context),
        )

    def act(self, context: Context) -> Facts:
        incident = Incident.objects.filter(pk=context.context.get("incident") or 0).first()
        if incident is None:
            return {"messages": 0}
        return {"messages": len(_tell(incident, Event(read(Message, context.parameters).event), context))}

    def preview(self, context: Context) -> Preview:
        message = read(Message, context.parameters)
        return Preview(self.observe(context), calls=(("SEND", "messages", str(message.event)),), seconds=0.5)

    def check(self, parameters: Facts) -> list[str]:
        return problems(Message, parameters)


def _tell(incident: Incident, event: Event, context: Context) -> list[Delivery]:
    run = Run.objects.get(code=context.run_code)
    if event is Event.FAILOVER_FAILED:
        why, key = failover_news.why_it_failed(run), failover_news.failed_key(run.code)
        return alerts.critical(incident, why, key, event=alerts.Event.FAILOVER_FAILED)
    if event is Event.SWITCHED_BACK:
        said = sentence(_("“%(plan)s” is done: users are led to where they were before."), plan=run.titles)
        key = f"switched-back:{run.code}"
        return alerts.on_channel("slack", alerts.Event.SWITCHED, said=said, dedup_key=key, incident=incident)
    _note_recovery(incident, context)
    incident.refresh_from_db()
    return alerts.recovered(incident)


def _note_recovery(incident: Incident, context: Context) -> None:
    """The message says how long it took, so that the incident has to know before."""
    for after in context.results.values():
        if after.get("first_good_at") and after.get("verified_at"):
            first, last = (datetime.fromisoformat(after[name]) for name in ("first_good_at", "verified_at"))
            incidents.recovered(incident, at=first, verified_at=last)


def _said(context: Context) -> dict[str, object]:
    if context.effect is None:
        return sentence(_("Nobody has been told yet."))
    return sentence(_("%(count)s messages were asked for."), count=context.effect.get("messages", 0))
