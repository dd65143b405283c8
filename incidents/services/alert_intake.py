"""Take what a source sends: is it from it, what does it say, what follows; and keep what came and became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import nudge
from dr_console.providers.signatures import Verdict
from dr_console.web.sentences import Sentence, sentence
from incidents.alerting import alertmanager, mapped, pagerduty, signals
from incidents.alerting.signals import Reading, Unreadable
from incidents.models import Alert, AlertEvent, AlertPayload, AlertSource, Incident
from incidents.services import alert_incidents, alert_routing, alert_sources, heartbeat_monitors
from incidents.services.alert_routing import Taken

Kind, Outcome = AlertSource.Kind, AlertPayload.Outcome
MOST_BYTES = 1024 * 1024
KEPT_PAYLOADS, KEPT_STRANGE = 50, 20
KEPT_BYTES, KEPT_BYTES_OF_STRANGERS = 64 * 1024, 2 * 1024
# PagerDuty tries for two days.
EVENTS_KEPT = timedelta(days=3)
A_MINUTE = timedelta(minutes=1)
TURNED_AWAY = {
    Verdict.UNSIGNED: _("It neither shows a token nor is it signed."),
    Verdict.FORGED: _("The token or the signature is not that of this source."),
    Verdict.STALE: _("It was signed more than five minutes ago, or the sender’s clock is wrong."),
}


@dataclass(frozen=True)
class Call:
    """A request. `headers` by their names in small letters; `body` empty where it was too big to be read."""

    body: bytes
    headers: Mapping[str, str]
    address: str = ""


@dataclass(frozen=True)
class Answer:
    """What the sender is told, as HTTP status and sentence; `outcome` for the source's page."""

    status: int
    said: Sentence
    outcome: AlertPayload.Outcome
    event_id: str = ""


def receive(source: AlertSource, call: Call) -> Answer:
    """Raises SecretUnreadable; and whatever the database raises, upon which nothing has been stored."""
    at = now()
    verdict = alert_sources.verdict(source, call.headers, call.body, at=at)
    if verdict is not Verdict.GENUINE:
        return _kept(source, call, Answer(401, sentence(TURNED_AWAY[verdict]), Outcome.TURNED_AWAY), at)
    if source.paused_at is not None:
        return _kept(source, call, Answer(202, sentence(_("The source is paused.")), Outcome.PAUSED), at)
    return _believed(source, call, at)


def too_big(source: AlertSource, *, address: str) -> Answer:
    """Not read at all."""
    said = sentence(_("The body is larger than %(most)s bytes."), most=MOST_BYTES)
    return _kept(source, Call(b"", {}, address), Answer(413, said, Outcome.TOO_BIG), now())


def _believed(source: AlertSource, call: Call, at: datetime) -> Answer:
    heartbeat_monitors.heard(source, at)
    if source.kind == Kind.HEARTBEAT:
        return _kept(source, call, Answer(202, sentence(_("Heard.")), Outcome.TAKEN), at)
    try:
        reading = _read(source, call)
    except Unreadable as error:
        return _kept(source, call, Answer(400, error.said, Outcome.MALFORMED), at)
    return _acted_on(source, call, reading, at)


def _read(source: AlertSource, call: Call) -> Reading:
    message = signals.parsed(call.body)
    if source.kind == Kind.PAGERDUTY:
        return pagerduty.read(message)
    if source.kind == Kind.WEBHOOK:
        return mapped.read(message, source.mapping, event_id=call.headers.get("webhook-id", "")[:200])
    return alertmanager.read(message)


@transaction.atomic
def _acted_on(source: AlertSource, call: Call, reading: Reading, at: datetime) -> Answer:
    """All of it, or nothing: sent again after a failure, it is as if it had not come before."""
    if reading.event_id and not _is_first(source, reading.event_id, at):
        answer = Answer(202, sentence(_("This message has been taken before.")), Outcome.REPEATED, reading.event_id)
        return _kept(source, call, answer, at)
    taken = alert_routing.take(source, reading.signals, at=at)
    if reading.acknowledged is not None:
        _acknowledge(source, reading, at)
    outcome = Outcome.TAKEN if reading.signals or reading.acknowledged else Outcome.IGNORED
    return _kept(source, call, Answer(202, _said(reading, taken), outcome, reading.event_id), at)


def _is_first(source: AlertSource, event_id: str, at: datetime) -> bool:
    """Whoever comes second waits here for what becomes of the first."""
    AlertEvent.objects.filter(at__lt=at - EVENTS_KEPT).delete()
    _event, is_new = AlertEvent.objects.get_or_create(source=source, event_id=event_id, defaults={"at": at})
    return is_new


def _acknowledge(source: AlertSource, reading: Reading, at: datetime) -> None:
    taken = reading.acknowledged
    assert taken is not None
    if taken.page:
        incident = Incident.objects.select_related("merged_into").filter(reference=taken.page).first()
    else:
        alert = Alert.objects.filter(source=source, fingerprint=taken.fingerprint).order_by("-pk").first()
        incident = alert.incident if alert else None
    if incident is not None:
        alert_incidents.acknowledged(incident, taken.who, at=at, event_id=reading.event_id)


def _said(reading: Reading, taken: Taken) -> Sentence:
    if reading.is_own_page:
        return sentence(_("It is about a page that this console itself has asked for."))
    if reading.acknowledged is not None:
        return sentence(_("Acknowledged by %(who)s."), who=reading.acknowledged.who)
    if not reading.signals:
        return sentence(_("It says nothing of whether an alert fires."))
    text = _(
        "%(new)s new, %(known)s known, %(cleared)s cleared; of the new, %(held)s held back, %(listed)s only listed. "
        "Incidents: %(incidents)s"
    )
    numbers = {"new": taken.new, "known": taken.known, "cleared": taken.cleared, "held": taken.held}
    references = ", ".join(taken.references) or "–"
    return sentence(text, **numbers, listed=taken.listed, incidents=references)


@transaction.atomic
def _kept(source: AlertSource, call: Call, answer: Answer, at: datetime) -> Answer:
    """Put it into the source's log, in which strangers can push out nothing but each other."""
    is_strange = answer.outcome in AlertPayload.STRANGE
    if is_strange and _is_hammered(source, at):
        return answer
    nudge("console", "alert-payloads")  # before the rows that two who come at once drop
    most = KEPT_BYTES_OF_STRANGERS if is_strange else KEPT_BYTES
    AlertPayload.objects.create(
        source=source,
        at=at,
        outcome=answer.outcome,
        status=answer.status,
        said=answer.said,
        body=call.body[:most].decode(errors="replace").replace("\x00", "�"),
        size=len(call.body),
        event_id=answer.event_id,
        address=call.address[:45],
    )
    _drop_the_oldest(source, is_strange)
    return answer


def _is_hammered(source: AlertSource, at: datetime) -> bool:
    """Strangers do not make the console write more than so often a minute."""
    lately = AlertPayload.objects.filter(source=source, outcome__in=AlertPayload.STRANGE, at__gt=at - A_MINUTE)
    return lately.count() >= KEPT_STRANGE


def _drop_the_oldest(source: AlertSource, is_strange: bool) -> None:
    strange = Q(outcome__in=AlertPayload.STRANGE)
    mine = AlertPayload.objects.filter(strange if is_strange else ~strange, source=source)
    kept = KEPT_STRANGE if is_strange else KEPT_PAYLOADS
    beyond = mine.order_by("-pk").values_list("pk", flat=True)[kept : kept + 1]
    mine.filter(pk__lte=max(beyond, default=0)).delete()
