"""When each audience is owed the next word: counted from the cadence and the promises, and told when it is time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import nudge
from dr_console.web.sentences import sentence
from incidents.models import Audience, ChannelKind, Incident, Stage, StatusUpdate, TimelineEntry, UpdateDue
from incidents.queries.updates import SOON, cadence, current_policies, newest_of
from incidents.services import alerts, personal, status_page, timeline, turns

# What is new is told within so long: that it is mitigated, over, or not over after all.
NEWS_WITHIN = timedelta(minutes=10)
MOST_AT_ONCE = 100
REMINDERS = {
    Audience.RESPONDERS: _("The responders are owed an update at %(at)s UTC."),
    Audience.MANAGERS: _("The managers are owed an update at %(at)s UTC."),
    Audience.CUSTOMERS: _("The customers are owed an update at %(at)s UTC."),
}
OVERDUE = {
    Audience.RESPONDERS: _("The responders were owed an update at %(at)s UTC, and have had none."),
    Audience.MANAGERS: _("The managers were owed an update at %(at)s UTC, and have had none."),
    Audience.CUSTOMERS: _("The customers were owed an update at %(at)s UTC, and have had none."),
}


# --- What follows from what happens in the incident -----------------------------------------------------------------
def declared(incident: Incident) -> None:
    """The first word is owed one cadence after the declaration."""
    at = now()
    for audience, every in _cadences(incident).items():
        if every is not None:
            _arm(incident, audience, at + every)
    nudge(incident.topic, "updates")


def severity_changed(incident: Incident) -> None:
    """Counted anew with the new cadence, from the last word. What was promised before that is kept."""
    if incident.is_over:
        return
    at, newest = now(), newest_of(incident)
    dues = {one.audience: one for one in incident.updates_due.all()}
    for audience, every in _cadences(incident).items():
        last = newest.get(audience)
        due = dues.get(audience)
        since = last.at if last else (due.armed_at if due else at)
        promised = last.next_at if last and last.next_at and last.next_at > at else None
        wanted = [moment for moment in (promised, max(at, since + every) if every else None) if moment]
        _arm(incident, audience, min(wanted, default=None), since=since)
    nudge(incident.topic, "updates")


def status_changed(incident: Incident) -> None:
    """Whoever has heard of it, or has a cadence, hears of that soon; once it is closed, nobody is owed anything."""
    newest = newest_of(incident)
    if incident.status == Incident.Status.CLOSED:
        UpdateDue.objects.filter(incident=incident).update(at=None)
    elif incident.is_over:
        heard = [Audience(one.audience) for one in newest.values() if one.stage != Stage.RESOLVED]
        UpdateDue.objects.filter(incident=incident).exclude(audience__in=heard).update(at=None)
        owed_soon(incident, heard)
    else:
        have = [audience for audience, every in _cadences(incident).items() if every or audience in newest]
        owed_soon(incident, have)
    if StatusUpdate.objects.public().filter(incident=incident).exists():
        status_page.changed()  # a duplicate is no longer told of as something of its own
    nudge(incident.topic, "updates")


def owed_soon(incident: Incident, audiences: Iterable[Audience]) -> None:
    """There is news: it is owed within ten minutes, or sooner where something was owed sooner."""
    latest = now() + NEWS_WITHIN
    dues = {one.audience: one.at for one in incident.updates_due.filter(at__isnull=False)}
    for audience in audiences:
        _arm(incident, audience, min(dues.get(audience) or latest, latest))


def published(incident: Incident, update: StatusUpdate) -> None:
    """The next one is owed when it was promised, else by the cadence; after the last word, none."""
    every = _cadences(incident).get(Audience(update.audience))
    by_cadence = update.at + every if every and not incident.is_over else None
    _arm(incident, Audience(update.audience), None if update.stage == Stage.RESOLVED else update.next_at or by_cadence)


def put_off(incident: Incident, audience: Audience, *, until: datetime, reason: str, by: User) -> UpdateDue | None:
    """None where nothing is owed."""
    owed = UpdateDue.objects.filter(incident=incident, audience=audience, at__isnull=False)
    fresh = {"reminded_at": None, "overdue_told_at": None}
    if not owed.update(at=until, snoozed_by=by, snooze_reason=reason[:500], **fresh):
        return None
    return UpdateDue.objects.get(incident=incident, audience=audience)


def _cadences(incident: Incident) -> dict[Audience, timedelta | None]:
    policies = {one.audience: one for one in current_policies()}
    return {audience: cadence(policies.get(audience), incident.assumed_severity) for audience in Audience}


def _arm(incident: Incident, audience: Audience, at: datetime | None, *, since: datetime | None = None) -> None:
    fresh = {"at": at, "armed_at": since or now(), "reminded_at": None, "overdue_told_at": None}
    nobody = {"snoozed_by": None, "snooze_reason": ""}
    changed = UpdateDue.objects.filter(incident=incident, audience=audience).update(**fresh, **nobody)
    if not changed and at is not None:
        UpdateDue.objects.create(incident=incident, audience=audience, **fresh)


# --- When it is time ------------------------------------------------------------------------------------------------
def remind() -> int:
    """Tell whoever writes what is about to be owed, and what is overdue. Returns of how many.

    Called in every round of every sweeper: each row is claimed by a conditional update.
    """
    at = now()
    is_soon = Q(at__lte=at + SOON, reminded_at=None)
    is_overdue = Q(at__lte=at, overdue_told_at=None)
    due = UpdateDue.objects.filter(is_soon | is_overdue).select_related("incident__commander", "incident__service")
    return sum(_tell_one(one, at) for one in due.order_by("at")[:MOST_AT_ONCE])


@transaction.atomic
def _tell_one(due: UpdateDue, at: datetime) -> bool:
    owed_at = due.at
    if owed_at is None:
        return False
    late = owed_at <= at
    turns.at_console_and(due.incident)
    mine = UpdateDue.objects.filter(pk=due.pk, at=owed_at)
    # What is overdue needs no reminder any more.
    claimed = (
        mine.filter(overdue_told_at=None).update(overdue_told_at=at, reminded_at=at)
        if late
        else mine.filter(reminded_at=None).update(reminded_at=at)
    )
    if claimed:
        _say(due, owed_at, late=late)
    return bool(claimed)


def _say(due: UpdateDue, owed_at: datetime, *, late: bool) -> None:
    """To the commander; where nobody leads, to the channel where the responders are."""
    incident = due.incident
    said = sentence((OVERDUE if late else REMINDERS)[Audience(due.audience)], at=f"{owed_at:%H:%M}")
    key = f"update-{'overdue' if late else 'soon'}:{due.pk}:{owed_at:%Y%m%d%H%M%S}"
    nudge(incident.topic, "updates")
    if late:
        timeline.record(incident, said, kind=TimelineEntry.Kind.NOTICED, dedup_key=key)
    if incident.commander is not None:
        personal.tell(incident.commander, incident, said, dedup_key=key)
    else:
        alerts.on_channel(ChannelKind.SLACK, alerts.Event.UPDATE_DUE, said=said, dedup_key=key, incident=incident)
