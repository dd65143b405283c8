"""Tell responders, managers and customers how it goes: publish, withdraw, put off, and remember what is owed when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.notifications.messages import Message, Words
from dr_console.web.sentences import Sentence, Texts, sentence
from incidents.models import Audience, Impact, Incident, ItemAction, Stage, StatusUpdate, TimelineEntry, UpdateDue
from incidents.queries.updates import PARTS, readers
from incidents.services import alerts, checklist, status_page, timeline, turns, update_dues

Kind = TimelineEntry.Kind
LONGEST_PROMISE = timedelta(days=7)
LONGEST_TEXT = 4000
LONGEST_HEADLINE = 200
TO = {
    Audience.RESPONDERS: _("Told the responders: %(headline)s"),
    Audience.MANAGERS: _("Told the managers: %(headline)s"),
    Audience.CUSTOMERS: _("Told the customers: %(headline)s"),
}
STAGES = {
    Stage.INVESTIGATING: _("Investigating"),
    Stage.IDENTIFIED: _("Identified"),
    Stage.MONITORING: _("Monitoring"),
    Stage.RESOLVED: _("Resolved"),
}
WITHDRAWN = {
    Audience.RESPONDERS: _("The update to the responders is withdrawn: %(headline)s (%(reason)s)"),
    Audience.MANAGERS: _("The update to the managers is withdrawn: %(headline)s (%(reason)s)"),
    Audience.CUSTOMERS: _("The update to the customers is withdrawn: %(headline)s (%(reason)s)"),
}


@dataclass(frozen=True)
class Draft:
    """What is to be published to one audience. Texts by language, of which one may be missing; a headline is needed.

    `impact`: to customers, a word of Impact by the key of the service. `next_at`: the promise; None for none.
    """

    audience: Audience
    stage: Stage
    headline: Texts
    conditions: Texts = field(default_factory=dict)
    actions: Texts = field(default_factory=dict)
    needs: Texts = field(default_factory=dict)
    impact: Mapping[str, str] = field(default_factory=dict)
    next_at: datetime | None = None


@transaction.atomic
def publish(incident: Incident, drafts: Iterable[Draft], *, by: User, token: str) -> list[StatusUpdate]:
    """Publish each draft to its audience, all or none. Called twice with one `token`, they are published once.

    Raises Refused where the incident is a duplicate, a draft says nothing, or its promise cannot be kept.
    """
    incident = turns.at_console_and(incident)
    at = now()
    asked = list(drafts)
    _check(incident, asked, at)
    tokens = {draft.audience: f"{token[:60]}:{draft.audience}" for draft in asked}
    known = StatusUpdate.objects.filter(token__in=tokens.values()).order_by("pk")
    if known:
        return list(known)
    made = [_created(incident, draft, by, at, tokens[draft.audience]) for draft in asked]
    _tell_pages(incident, {one.audience for one in made})
    for update in made:
        _follow(incident, update, by)
    checklist.tick_by_itself(incident, ItemAction.PUBLISH_UPDATE, fact=f"update:{made[0].pk}", by=by)
    return made


def _check(incident: Incident, drafts: list[Draft], at: datetime) -> None:
    if incident.merged_into is not None:
        raise Refused(_now("It goes on as %(into)s: tell people there.") % {"into": incident.merged_into.reference})
    if not drafts:
        raise Refused(_now("Choose at least one audience."))
    for draft in drafts:
        _check_words(draft)
        if draft.next_at is not None and not at < draft.next_at <= at + LONGEST_PROMISE:
            raise Refused(_now("The next update can be promised for the next seven days."))


def _check_words(draft: Draft) -> None:
    if not any(text.strip() for text in draft.headline.values()):
        raise Refused(_now("Write a headline, in one language at least."))
    for part in PARTS:
        longest = LONGEST_HEADLINE if part == "headline" else LONGEST_TEXT
        if any(len(text) > longest for text in getattr(draft, part).values()):
            raise Refused(_now("One of the texts is longer than %(most)s characters.") % {"most": longest})
    if not set(draft.impact.values()) <= set(Impact.values):
        raise Refused(_now("One of the services has a state that there is not."))


def _created(incident: Incident, draft: Draft, by: User, at: datetime, token: str) -> StatusUpdate:
    words = {part: _trimmed(getattr(draft, part)) for part in PARTS}
    to_customers = draft.audience == Audience.CUSTOMERS
    over = draft.stage == Stage.RESOLVED
    impact = {key: Impact.OPERATIONAL.value if over else word for key, word in draft.impact.items()}
    return StatusUpdate.objects.create(
        incident=incident,
        audience=draft.audience,
        stage=draft.stage,
        impact=impact if to_customers else {},
        next_at=None if over else draft.next_at,
        at=at,
        by=by,
        token=token,
        **words,
    )


def _trimmed(texts: Texts) -> Texts:
    return {language: text.strip() for language, text in texts.items() if text.strip()}


def _follow(incident: Incident, update: StatusUpdate, by: User) -> None:
    """It is written down, sent, and the next one is counted down to."""
    after = {"audience": update.audience, "stage": update.stage, "headline": update.headline}
    audit("update.published", by=by, target=incident, after=after)
    said = sentence(TO[Audience(update.audience)], headline=update.headline)
    timeline.record(incident, said, kind=Kind.ALERTED, by=by, at=update.at, dedup_key=f"update:{update.pk}")
    update_dues.published(incident, update)
    people = readers(incident, Audience(update.audience))
    alerts.update(incident, people, _message(incident, update), dedup_key=f"update:{update.pk}")


def _message(incident: Incident, update: StatusUpdate) -> Message:
    """The first line says what matters; to customers nothing names the console, which they cannot open."""
    names = {"headline": update.headline, "stage": sentence(STAGES[Stage(update.stage)])}
    facts = tuple(_facts(update))
    body = update.conditions or ""
    if update.audience == Audience.CUSTOMERS:
        url, text = settings.DR_STATUS_PAGE.url, sentence(_("Open the status page"))
    else:
        url = f"{settings.DR_PUBLIC_URL}{incident.get_absolute_url()}"
        text = sentence(_("Open the incident"))
    subject = sentence(_("%(stage)s: %(headline)s"), **names)
    return Message(subject=subject, body=body, facts=facts, url=url, url_text=text if url else "")


def _facts(update: StatusUpdate) -> Iterable[tuple[Words, Words]]:
    if update.actions:
        yield sentence(_("What is done")), update.actions
    if update.needs:
        yield sentence(_("What is asked of you")), update.needs
    if update.next_at:
        yield sentence(_("Next update")), f"{update.next_at:%Y-%m-%d %H:%M} UTC"


@transaction.atomic
def withdraw(update: StatusUpdate, *, by: User, reason: str) -> StatusUpdate:
    """Take back what was wrong. It stays in the incident's history; customers no longer see it."""
    reason = reason.strip()
    if not reason:
        raise Refused(_now("Say why it is withdrawn."))
    turns.at_console_and(update.incident)
    standing = StatusUpdate.objects.standing().filter(pk=update.pk)
    if not standing.update(withdrawn_at=now(), withdrawn_by=by, withdrawn_reason=reason[:500]):
        raise Refused(_now("It has been withdrawn already."))
    update.refresh_from_db()
    incident = update.incident
    audit("update.withdrawn", by=by, target=incident, before={"headline": update.headline}, after={"reason": reason})
    _tell_pages(incident, {update.audience})
    said = sentence(WITHDRAWN[Audience(update.audience)], headline=update.headline, reason=reason)
    timeline.record(incident, said, kind=Kind.CHANGED, by=by, dedup_key=f"update:{update.pk}:withdrawn")
    update_dues.owed_soon(incident, [Audience(update.audience)])
    return update


def _tell_pages(incident: Incident, audiences: set[str]) -> None:
    """Before the timeline does: topics are told in the order of their names."""
    if Audience.CUSTOMERS in audiences and not incident.is_practice:
        status_page.changed()
    nudge(incident.topic, "updates")


@transaction.atomic
def snooze(incident: Incident, audience: Audience, *, minutes: int, reason: str, by: User) -> UpdateDue:
    """Put the next update off: from now on by so many minutes. Raises Refused where none is owed."""
    reason = reason.strip()
    if not reason:
        raise Refused(_now("Say why the update can wait."))
    incident = turns.at_incident(incident)
    due = update_dues.put_off(incident, audience, until=now() + timedelta(minutes=minutes), reason=reason, by=by)
    if due is None:
        raise Refused(_now("This audience is owed no update."))
    nudge(incident.topic, "updates")
    timeline.record(incident, _put_off(due, reason), kind=Kind.DECIDED, by=by)
    return due


def _put_off(due: UpdateDue, reason: str) -> Sentence:
    texts = {
        Audience.RESPONDERS: _("The next update to the responders waits until %(until)s UTC: %(reason)s"),
        Audience.MANAGERS: _("The next update to the managers waits until %(until)s UTC: %(reason)s"),
        Audience.CUSTOMERS: _("The next update to the customers waits until %(until)s UTC: %(reason)s"),
    }
    return sentence(texts[Audience(due.audience)], until=f"{due.at:%H:%M}" if due.at else "", reason=reason)
