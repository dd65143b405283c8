"""Work an incident's checklist: tick, say what does not apply, add and move items, and answer what it asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence, sentence
from incidents.models import ChecklistAnswer, ChecklistItem, Incident, ItemCondition, TimelineEntry
from incidents.services import timeline, turns

Kind = TimelineEntry.Kind
State = ChecklistItem.State
MOST_ITEMS = 100
ANSWERS = {
    (ItemCondition.DATA_LOST, True): _("Data is lost"),
    (ItemCondition.DATA_LOST, False): _("No data is lost"),
}


@dataclass(frozen=True)
class Details:
    """What a person may say about an item beside whether it is done."""

    owner: User | None = None
    role: str = ""
    due_at: datetime | None = None
    note: str = ""
    evidence_url: str = ""


@transaction.atomic
def tick(item: ChecklistItem, *, by: User) -> ChecklistItem:
    """It is done. Two people may press at once: the first is recorded, the second is told who was first."""
    incident = _workable(item)
    if not _settle(item, State.DONE, by=by):
        raise Refused(_who_was_first(item))
    said = sentence(_("Done: %(item)s"), item=item.texts)
    timeline.record(incident, said, kind=Kind.ACTED, by=by, evidence=item.evidence_url)
    return _told(item)


@transaction.atomic
def say_not_applicable(item: ChecklistItem, *, by: User, reason: str) -> ChecklistItem:
    """It need not be done here, and why."""
    reason = reason.strip()[:500]
    if not reason:
        raise Refused(_now("Say why it does not apply."))
    incident = _workable(item)
    if not _settle(item, State.NOT_APPLICABLE, by=by, reason=reason):
        raise Refused(_who_was_first(item))
    said = sentence(_("Does not apply: %(item)s (%(reason)s)"), item=item.texts, reason=reason)
    timeline.record(incident, said, kind=Kind.DECIDED, by=by)
    return _told(item)


@transaction.atomic
def untick(item: ChecklistItem, *, by: User) -> ChecklistItem:
    """It is to be done after all. What the console ticked it for does not tick it a second time."""
    incident = _workable(item)
    settled = ChecklistItem.objects.filter(pk=item.pk, dropped_at=None).exclude(state=State.OPEN)
    if not settled.update(state=State.OPEN, settled_at=None, settled_by=None, reason=""):
        raise Refused(_now("“%(item)s” is open already.") % {"item": item.words})
    timeline.record(incident, sentence(_("To do again: %(item)s"), item=item.texts), kind=Kind.CHANGED, by=by)
    return _told(item)


@transaction.atomic
def change(item: ChecklistItem, details: Details, *, by: User, seen: int) -> ChecklistItem:
    """Say who does it, until when, and what is to be known of it. `seen`: the version that the person had before them.

    Refused if somebody has changed it since: nobody's note is lost to a later one.
    """
    incident = _workable(item)
    item = _locked(item)
    if item.version != seen:
        raise Refused(_now("Somebody else has just changed this item. Look at it again, and save yours once more."))
    entries = list(_differences(item, details))
    if not entries:
        return item
    for name in ("owner", "role", "due_at", "note", "evidence_url"):
        setattr(item, name, getattr(details, name))
    item.version += 1
    item.save(update_fields=["owner", "role", "due_at", "note", "evidence_url", "version"])
    for said in entries:
        timeline.record(incident, said, kind=Kind.CHANGED, by=by, evidence=details.evidence_url)
    return _told(item)


def _differences(item: ChecklistItem, wanted: Details) -> list[Sentence]:
    """What is to be said of it on the timeline."""
    found = []
    if wanted.owner != item.owner and wanted.owner is not None:
        found.append(sentence(_("%(who)s is to do: %(item)s"), who=str(wanted.owner), item=item.texts))
    elif wanted.owner != item.owner:
        found.append(sentence(_("Nobody by name is to do any more: %(item)s"), item=item.texts))
    if wanted.role != item.role:
        role = _ROLES.get(wanted.role)
        said = _("The role “%(role)s” is to do: %(item)s") if role else _("No role is to do any more: %(item)s")
        found.append(sentence(said, role=sentence(role) if role else "", item=item.texts))
    if wanted.due_at != item.due_at:
        at = f"{wanted.due_at:%H:%M} UTC" if wanted.due_at else ""
        said = _("Due at %(at)s: %(item)s") if at else _("No longer due at a time: %(item)s")
        found.append(sentence(said, at=at, item=item.texts))
    if wanted.note != item.note:
        said = _("Note on “%(item)s”: %(note)s") if wanted.note else _("The note on “%(item)s” was taken back")
        found.append(sentence(said, item=item.texts, note=wanted.note))
    if wanted.evidence_url != item.evidence_url:
        said = _("Evidence for “%(item)s”: %(url)s") if wanted.evidence_url else _("Without evidence: “%(item)s”")
        found.append(sentence(said, item=item.texts, url=wanted.evidence_url))
    return found


# As they are marked for translation: whoever reads the timeline has a language of their own.
_ROLES: dict[str, str] = {
    ChecklistItem.Role.COMMANDER: _("Incident commander"),
    ChecklistItem.Role.OPERATIONS: _("Operations"),
    ChecklistItem.Role.COMMUNICATIONS: _("Communications"),
    ChecklistItem.Role.SCRIBE: _("Scribe"),
}


@transaction.atomic
def add(
    incident: Incident, text: str, *, by: User, after: ChecklistItem | None = None, details: Details | None = None
) -> ChecklistItem:
    """One more thing to do in this incident, after the item `after`; None: before all others."""
    incident = _open_for_work(incident)
    known = list(incident.checklist.order_by("position", "pk"))
    if len(known) >= MOST_ITEMS:
        raise Refused(_now("A checklist has at most %(most)s items.") % {"most": MOST_ITEMS})
    details = details or Details()
    item = ChecklistItem(
        incident=incident,
        key=f"own-{1 + sum(one.key.startswith('own-') for one in known)}",
        texts={get_language() or "en": text},
        added_by=by,
        position=0,
        owner=details.owner,
        role=details.role,
        due_at=details.due_at,
        note=details.note,
        evidence_url=details.evidence_url,
    )
    item.save()
    place = next((index + 1 for index, one in enumerate(known) if after is not None and one.pk == after.pk), 0)
    put_in_order([*known[:place], item, *known[place:]])
    timeline.record(
        incident, sentence(_("Added to the checklist: %(item)s"), item=item.texts), kind=Kind.CHANGED, by=by
    )
    return _told(item)


@transaction.atomic
def move(item: ChecklistItem, *, by: User, up: bool, past: ChecklistItem | None) -> ChecklistItem:
    """One place up or down: past its neighbour on the page, `past`. Nothing happens at either end.

    Not on the timeline: in which order people read their list is no part of the story.
    """
    incident = _workable(item)
    if past is None:
        return item
    items = [one for one in incident.checklist.order_by("position", "pk") if one.pk != item.pk]
    at = next((index for index, one in enumerate(items) if one.pk == past.pk), None)
    if at is not None:
        place = at if up else at + 1
        put_in_order([*items[:place], item, *items[place:]])
    return _told(item)


@transaction.atomic
def remove(item: ChecklistItem, *, by: User) -> ChecklistItem:
    """Take back what a person added and nobody has done. Items of the plan are said not to apply, with a reason."""
    incident = _workable(item)
    if not item.is_own:
        raise Refused(_now("An item of the plan cannot be taken off the list. Say that it does not apply, and why."))
    own = ChecklistItem.objects.filter(pk=item.pk, state=State.OPEN, dropped_at=None)
    if not own.update(dropped_at=now()):
        raise Refused(_now("“%(item)s” is settled already, and stays on the list.") % {"item": item.words})
    timeline.record(
        incident, sentence(_("Taken off the checklist: %(item)s"), item=item.texts), kind=Kind.CHANGED, by=by
    )
    return _told(item)


@transaction.atomic
def answer(incident: Incident, condition: str, *, holds: bool, by: User) -> None:
    """Say whether a condition holds that only people can know. Items that depend on it come or go."""
    incident = _open_for_work(incident)
    known = ChecklistAnswer.objects.filter(incident=incident, condition=condition).first()
    if known is not None and known.holds == holds:
        return
    facts = {"holds": holds, "by": by, "at": now()}
    ChecklistAnswer.objects.update_or_create(incident=incident, condition=condition, defaults=facts)
    said = sentence(ANSWERS[ItemCondition(condition), holds])
    timeline.record(incident, said, kind=Kind.DECIDED, by=by)
    nudge(incident.topic, "checklist")


@transaction.atomic
def tick_by_itself(
    incident: Incident, action: str, *, fact: str, by: User | None = None, at: datetime | None = None
) -> bool:
    """What the item leads to has happened: it is ticked, once for each `fact` however often that is told.

    `by`: who did it; None: the console. False where no open item of the list leads there, or the incident is closed.
    """
    items = incident.checklist.filter(action=action, state=State.OPEN, dropped_at=None).exclude(settled_for=fact)
    item = items.first()
    if item is None or incident.status == Incident.Status.CLOSED:
        return False
    if not _settle(item, State.DONE, by=by, at=at, fact=fact):
        return False
    said = sentence(_("Done: %(item)s (ticked by what happened)"), item=item.texts)
    key = f"checklist:{item.key}:{fact}"[:120]
    timeline.record(incident, said, kind=Kind.ACTED, by=by, at=at, dedup_key=key)
    _told(item)
    return True


@transaction.atomic
def note_finding(item: ChecklistItem, said: Sentence, *, is_good: bool, by: User) -> ChecklistItem:
    """What the item's own check found. It is ticked where that is good, and nobody has."""
    incident = _workable(item)
    ChecklistItem.objects.filter(pk=item.pk).update(finding=said, finding_is_good=is_good, found_at=now())
    text = _("%(item)s: %(found)s")
    timeline.record(incident, sentence(text, item=item.texts, found=said), kind=Kind.NOTICED, by=by)
    if is_good and _settle(item, State.DONE, by=by):
        timeline.record(incident, sentence(_("Done: %(item)s"), item=item.texts), kind=Kind.ACTED, by=by)
    return _told(item)


def put_in_order(items: list[ChecklistItem]) -> None:
    """Whoever calls holds the incident."""
    changed = []
    for position, item in enumerate(items):
        if item.position != position:
            item.position = position
            changed.append(item)
    ChecklistItem.objects.bulk_update(changed, ["position"])


def _settle(
    item: ChecklistItem,
    state: str,
    *,
    by: User | None,
    at: datetime | None = None,
    reason: str = "",
    fact: str = "",
) -> bool:
    """The first one counts: only an open item is changed."""
    facts = {"state": state, "settled_by": by, "settled_at": at or now(), "reason": reason}
    if fact:
        facts["settled_for"] = fact
    return bool(ChecklistItem.objects.filter(pk=item.pk, state=State.OPEN, dropped_at=None).update(**facts))


def _who_was_first(item: ChecklistItem) -> str:
    now_is = _fresh(item)
    names = {"who": now_is.settled_by or _now("The console"), "item": now_is.words}
    if now_is.dropped_at is not None:
        return _now("“%(item)s” is no longer on the list.") % names
    if now_is.state == State.NOT_APPLICABLE:
        return _now("%(who)s has already said that “%(item)s” does not apply.") % names
    return _now("%(who)s has already ticked “%(item)s”.") % names


def _workable(item: ChecklistItem) -> Incident:
    return _open_for_work(item.incident)


def _open_for_work(incident: Incident) -> Incident:
    """Locked, so that it is not closed meanwhile. The list is worked on after it is resolved too: its last items are
    what is learnt."""
    incident = turns.at_incident(incident)
    if incident.status == Incident.Status.CLOSED:
        raise Refused(_now("This incident is closed. Reopen it to change its checklist."))
    return incident


def _locked(item: ChecklistItem) -> ChecklistItem:
    return ChecklistItem.objects.select_for_update(of=("self",)).select_related("owner").get(pk=item.pk)


def _fresh(item: ChecklistItem) -> ChecklistItem:
    return ChecklistItem.objects.select_related("incident", "owner", "settled_by").get(pk=item.pk)


def _told(item: ChecklistItem) -> ChecklistItem:
    """Last of the transaction: open pages hear of it. Returns it as it is now."""
    nudge(item.incident.topic, "checklist")
    return _fresh(item)
