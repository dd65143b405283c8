"""Sources that have to call every so often, and an alert for as long as one does not."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence, sentence
from incidents.alerting.signals import Signal
from incidents.models import AlertSource, Severity, Turn
from incidents.services import alert_routing

FINGERPRINT = "dr-console:heartbeat"
TURN = "alerts.heartbeats"
# The console notes that often that it is looking, and knows by it whether it was itself not there to be called.
NOTES_EVERY = timedelta(seconds=15)
WAS_AWAY = timedelta(seconds=60)


def heard(source: AlertSource, at: datetime) -> None:
    """It has called: the next call is due, and if it was missed, that is over."""
    due_at = at + source.patience if source.patience else None
    AlertSource.objects.filter(pk=source.pk, paused_at=None).update(heard_at=at, due_at=due_at)
    if source.missed_at is not None:
        stand_down(source, at)


def look() -> int:
    """Raise an alert for each that is late; return how many. Any number of processes may look at once.

    When the console itself was away, nobody could call it: everybody gets a turn first.
    """
    at = now()
    late = AlertSource.objects.listening().filter(due_at__lte=at)
    if _was_away(at):
        for source in late:
            AlertSource.objects.filter(pk=source.pk, due_at=source.due_at).update(due_at=at + _patience(source))
        return 0
    return sum(_miss(source, at) for source in late)


@transaction.atomic
def stand_down(source: AlertSource, at: datetime) -> None:
    """It is not missed any more: it has called, or nobody waits for it."""
    if AlertSource.objects.filter(pk=source.pk, missed_at__isnull=False).update(missed_at=None):
        alert_routing.take(source, [Signal(FINGERPRINT, False, source.name, ended_at=at)], at=at)


@transaction.atomic
def _miss(source: AlertSource, at: datetime) -> bool:
    """Whoever takes the row does it; False if another has, or if it has called meanwhile."""
    mine = AlertSource.objects.filter(pk=source.pk, due_at=source.due_at)
    if not mine.update(due_at=None, missed_at=at):
        return False
    began = source.heard_at or source.made_at
    # Silence is no proof that users notice anything: without a word of the source's own it wakes nobody.
    labels = {"heartbeat": source.key} | ({} if source.severity else {"severity": Severity.P2.value})
    said = _late(source, began)
    signal = Signal(FINGERPRINT, True, source.name, started_at=source.due_at, labels=labels, said=said)
    alert_routing.take(source, [signal], at=at)
    nudge("console", "alert-payloads")
    return True


def _late(source: AlertSource, since: datetime) -> Sentence:
    text = _("%(source)s has not called since %(since)s UTC; it should every %(minutes)s min")
    return sentence(text, source=source.name, since=f"{since:%Y-%m-%d %H:%M}", minutes=source.every_minutes)


def _patience(source: AlertSource) -> timedelta:
    return source.patience or timedelta()


def _was_away(at: datetime) -> bool:
    """Whether nobody has looked for a while; and note that somebody does now."""
    turn = Turn.objects.filter(name=TURN).first()
    if turn is None or turn.at is None:
        Turn.objects.get_or_create(name=TURN, defaults={"at": at})
        return False
    if at - turn.at < NOTES_EVERY:
        return False
    taken = Turn.objects.filter(pk=turn.pk, at=turn.at).update(at=at)
    return bool(taken) and at - turn.at > WAS_AWAY
