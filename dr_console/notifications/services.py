"""Tell people. What is asked for is written in the caller's transaction, and sent once that has committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Required, TypedDict, Unpack

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import hold
from dr_console.notifications import doorbell, edits
from dr_console.notifications.answers import Report as Report
from dr_console.notifications.answers import answer as answer
from dr_console.notifications.answers import reported as reported
from dr_console.notifications.bundles import is_wanted
from dr_console.notifications.events import Kind, record, tell
from dr_console.notifications.messages import Message, written
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.patience import give_up_at
from dr_console.notifications.stopping import stop
from dr_console.operations.clock import shared_now
from dr_console.web.sentences import Sentence

State = Delivery.State
SUBJECT_CHARACTERS = 300


class Alternative(TypedDict):
    """Another way to the same person. `dedup_key`: that of the message that would be made."""

    channel: str
    address: str
    dedup_key: str


class Place(TypedDict, total=False):
    """What a message belongs to; the fields of Delivery of these names say what they mean."""

    purpose: str
    group: str
    person: str
    alternatives: list[Alternative]
    priority: int
    may_wait: bool


class Common(Place, total=False):
    """What several messages may have in common: all but the way and the person. The rest of Asked says what it is."""

    message: Required[Message]
    about: str
    payload: Mapping[str, Any] | None
    topics: Iterable[str]
    is_practice: bool
    wait: timedelta


class Asked(Common, total=False):
    """One message to one address.

    `address`: empty for the channel's own in the settings. `recipient`: whom it is for, in words. `about`: reference
    of an incident. `payload`: what the channel needs beside the text, nothing secret: urgency, event, key, action,
    component, question, keys_url, status_url. `topics`: live topics, beside "console", that hear what becomes of it.
    `wait`: it is not sent sooner, and may be cancelled until then.
    """

    channel: Required[Channel | str]
    dedup_key: Required[str]
    address: str
    recipient: str
    language: str


def notify(**asked: Unpack[Asked]) -> Delivery:
    """Ask for one message to one address. Asked for twice with the same `dedup_key`, it is one message."""
    return notify_all([asked])[0]


@transaction.atomic
def notify_all(asked: Iterable[Asked]) -> list[Delivery]:
    """The same for several, in fewer queries: open pages are told once."""
    at = shared_now()
    drafts = [_draft(one, at) for one in asked]
    if not drafts:
        return []
    tell(*drafts)  # before the rows: whoever asks for the same at once waits here
    Delivery.objects.bulk_create(drafts, ignore_conflicts=True)
    keys = [one.dedup_key for one in drafts]
    found = {one.dedup_key: one for one in Delivery.objects.filter(dedup_key__in=keys)}
    for delivery in found.values():
        transaction.on_commit(partial(doorbell.ring, delivery.pk), robust=True)
    return [found[key] for key in keys]


def _draft(asked: Asked, at: datetime) -> Delivery:
    fields: dict[str, Any] = {"recipient": "", "topics": (), "is_practice": False, **asked}
    language, wait = fields.pop("language", "") or settings.LANGUAGE_CODE, fields.pop("wait", timedelta())
    text = written(fields.pop("message"), language=language, is_practice=fields["is_practice"])
    fields["payload"] = {**text.extra, **(fields.get("payload") or {})}
    fields["dedup_key"], fields["recipient"] = fields["dedup_key"][:200], fields["recipient"][:200]
    fields["topics"] = sorted(fields["topics"])
    return Delivery(
        **fields,
        language=language,
        subject=text.subject[:SUBJECT_CHARACTERS],
        body=text.body,
        not_before=at + wait,
        give_up_at=give_up_at(at + wait),
    )


@transaction.atomic
def send_again(delivery: Delivery, *, by: User) -> Delivery:
    """Send once more what has failed, what was perhaps sent, or what was cancelled. Raises Refused."""
    hold("console")
    if delivery.is_bundle:
        raise Refused(_("This message says others: send those again, each by itself."))
    if not is_wanted(delivery):
        raise Refused(_("What this message was about is over: nobody is told of it any more."))
    ended = Delivery.objects.filter(pk=delivery.pk, state__in=(State.FAILED, State.UNKNOWN, State.CANCELLED))
    at = shared_now()
    # What the vendor reports of it is counted from the beginning again.
    fresh = {"attempts": 0, "provider_seq": 0, "handed_over_at": None, "not_before": at, "give_up_at": give_up_at(at)}
    if not ended.update(state=State.QUEUED, ended_at=None, error=None, bundled_into=None, **fresh):
        raise Refused(_("This message has been sent, or is about to be."))
    audit("delivery.sent_again", by=by, target=delivery, before={"state": delivery.state})
    delivery.refresh_from_db()
    record(delivery, Kind.SENT_AGAIN, by=str(by))
    tell(delivery)
    transaction.on_commit(partial(doorbell.ring, delivery.pk), robust=True)
    return delivery


@transaction.atomic
def keep_back(delivery: Delivery, *, by: User) -> Delivery:
    """Do not send a message that still waits. Raises Refused where it may have been sent."""
    if not cancel([delivery], by=str(by)):
        raise Refused(_("This message has been sent, or is about to be."))
    audit("delivery.cancelled", by=by, target=delivery)
    delivery.refresh_from_db()
    return delivery


def cancel(deliveries: Iterable[Delivery], said: Sentence | None = None, *, by: str = "") -> int:
    """Do not send those of these that still wait. Returns how many; what is being sent, or may have been, stays."""
    asked = [delivery.pk for delivery in deliveries]
    return _cancel(Delivery.objects.filter(pk__in=asked), said, by=by) if asked else 0


@transaction.atomic
def cancel_group(group: str, said: Sentence | None = None, *, by: str = "") -> int:
    """The same of all messages of a group; those that stand in a chat say so. `said`: why."""
    if not group:
        return 0
    stopped = _cancel(Delivery.objects.filter(group=group), said, by=by)
    edits.closed(group, said)
    return stopped


@transaction.atomic
def _cancel(asked: QuerySet[Delivery], said: Sentence | None, *, by: str) -> int:
    hold("console")
    return stop(asked, said, by=by)
