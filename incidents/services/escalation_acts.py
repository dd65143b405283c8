"""What people do about a page, from wherever they are: on the console, by a digit, a button, a link, in PagerDuty.

Whoever comes second is told who was first: nobody who is at work hears of an error.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Refused
from dr_console.notifications.purposes import Reply
from dr_console.operations.clock import shared_now
from dr_console.web.sentences import Sentence, sentence
from incidents import ladder
from incidents.ladder import Acknowledgement, Status
from incidents.models import Escalation, Incident, TimelineEntry
from incidents.queries import paging
from incidents.queries.callees import Directory
from incidents.queries.lifecycle import goes_on_in
from incidents.services import command, escalation, escalation_words, timeline, turns
from incidents.services.escalation import Answered, Reason
from incidents.services.escalation_pages import Here
from incidents.services.escalation_steps import apply, state_of

PAGE = "page"


@transaction.atomic
def acknowledge(
    incident: Incident, *, by: User | None, name: str, via: str, as_of: datetime | None = None, person: str = ""
) -> Reply:
    """Somebody is on it, and paging stops. `by`: their account, where it is known; `name`: who it was, in words.

    `via`: "page", "link", or a word of notifications.Channel. `as_of`: when they saw what they answer to. `person`:
    whom the message was for, as contact:cto.
    """
    incident = turns.at_console_and(goes_on_in(incident))
    if incident.status != Incident.Status.OPEN:
        return Reply(_said(_("%(reference)s is no longer open: nobody is paged for it."), incident), is_done=False)
    if _has_begun_again(incident, as_of):
        return Reply(_said(_("%(reference)s is open again since: answer the new page."), incident), is_done=False)
    if by is not None and by.has_perm(command.RESPOND):
        return _reply(incident, command.acknowledge(incident, by=by, via=via))
    given = Acknowledgement(person, name or str(by or person), shared_now(), via)
    result = escalation.answered(incident, given, by=by)
    said = sentence(_("%(name)s acknowledges %(way)s"), name=given.name, way=escalation_words.way(via))
    source, key = TimelineEntry.Source.MESSAGE, f"acknowledged:{given.who}{result.place}"[:120]
    timeline.record(incident, said, kind=TimelineEntry.Kind.ACTED, source=source, dedup_key=key)
    return _reply(incident, result)


def _has_begun_again(incident: Incident, as_of: datetime | None) -> bool:
    """It was over in between, so that who answers to an old message has not heard of it."""
    if as_of is None:
        return False
    since = Escalation.objects.filter(incident=incident, started_at__gt=as_of)
    return since.filter(snapshot__reason=Reason.OPEN_AGAIN.value).exists()


def _reply(incident: Incident, result: Answered) -> Reply:
    if result.missing:
        text = _("You are on %(reference)s. Paging goes on: %(missing)s more must acknowledge.")
        return Reply(_said(text, incident, missing=result.missing), is_done=True)
    if not result.is_new:
        return Reply(_said(_("You are on %(reference)s already."), incident), is_done=True)
    if result.before is not None:
        text = _("You are on %(reference)s, and so is %(name)s, since %(at)s UTC.")
        facts = {"name": result.before.name, "at": escalation_words.clock(result.before.at)}
        return Reply(_said(text, incident, **facts), is_done=True)
    return Reply(_said(_("You are on %(reference)s. Nobody else is paged."), incident), is_done=True)


@transaction.atomic
def escalate_now(
    incident: Incident, *, by: User | None = None, name: str = "", via: str = PAGE, as_of: datetime | None = None
) -> Reply:
    """Page the next level now. Where that has happened since `as_of`, nothing is done, and they are told when."""
    incident = turns.at_console_and(goes_on_in(incident))
    current = paging.open_escalation(incident)
    if current is None:
        return Reply(_said(_("%(reference)s is no longer open: nobody is paged for it."), incident), is_done=False)
    current.incident, at = incident, shared_now()
    policy, here = ladder.policy_of(current.snapshot), Here(current, Directory())
    step = ladder.escalate(policy, state_of(current), at, as_of, here, by=name or str(by or ""))
    if step is None:
        since = escalation_words.clock(current.last_step_at or at)
        text = _("The next level was paged already, at %(at)s UTC.")
        return Reply(_said(text, incident, at=since), is_done=True)
    apply(current, step)
    return Reply(_said(_stands(current), incident, level=current.level + 1), is_done=True)


def _stands(current: Escalation) -> str:
    if current.status == Status.EXHAUSTED_NOBODY:
        return _("Nobody could be paged for %(reference)s: call somebody.")
    if current.status == Status.EXHAUSTED:
        return _("The ladder of %(reference)s has run out: the last resort is paged.")
    return _("Level %(level)s is paged for %(reference)s.")


@transaction.atomic
def snooze(incident: Incident, *, minutes: int, by: User) -> Escalation:
    """Page nobody for so long, at most as long as the policy allows; then it goes on with the next level."""
    incident = turns.at_console_and(incident)
    current = paging.open_escalation(incident)
    if current is None or current.status not in (Status.ACTIVE, Status.ACKNOWLEDGED, Status.SNOOZED):
        raise Refused(_now("Nobody is being paged: there is nothing to put off."))
    most = ladder.policy_of(current.snapshot).snooze
    if not timedelta() < timedelta(minutes=minutes) <= most:
        allowed = {"severity": current.severity, "minutes": int(most.total_seconds() // 60)}
        raise Refused(_now("Paging for %(severity)s can be put off for 1 to %(minutes)s minutes.") % allowed)
    current.incident, at = incident, shared_now()
    apply(current, ladder.snooze(state_of(current), at, at + timedelta(minutes=minutes), by=str(by)))
    return current


@transaction.atomic
def page_anew(incident: Incident, *, by: User, why: str = "") -> Escalation:
    """Begin at the first level again, by the policy as it is now. `why`: what they wrote, if anything."""
    said = sentence(_("%(who)s asks for help: %(why)s"), who=str(by), why=why) if why.strip() else None
    begun = escalation.rearm(incident, by=by, why=said)
    if begun is None:
        raise Refused(_now("%(reference)s is not open: nobody is paged for it.") % {"reference": incident.reference})
    return begun


def _said(text: str, incident: Incident, **facts: object) -> Sentence:
    return sentence(text, reference=incident.reference, **facts)
