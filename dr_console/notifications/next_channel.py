"""A channel has failed: the next one of the same person, at once and in the same transaction."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_noop as _

from dr_console.notifications import doorbell
from dr_console.notifications.events import Kind, record
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.patience import give_up_at
from dr_console.notifications.purposes import purpose
from dr_console.operations.clock import shared_now
from dr_console.web.sentences import Sentence, sentence

SAME = (
    "recipient",
    "language",
    "subject",
    "body",
    "payload",
    "about",
    "is_practice",
    "topics",
    "purpose",
    "group",
    "person",
    "priority",
    "may_wait",
)


def pass_on(delivery: Delivery) -> Delivery | None:
    """Say the same by the first of the other ways that is not taken. None where there is none, or no wish for it."""
    if not delivery.alternatives or not _is_wanted(delivery):
        return None
    for number, way in enumerate(delivery.alternatives, start=1):
        one = _stand_in(delivery, way, alternatives=delivery.alternatives[number:])
        if one is not None:
            _say_so(delivery, one)
            return one
    return None


def _is_wanted(delivery: Delivery) -> bool:
    asked = purpose(delivery.purpose)
    return asked is None or asked.is_wanted(delivery)


def _stand_in(delivery: Delivery, way: dict[str, str], *, alternatives: list[dict[str, str]]) -> Delivery | None:
    """None where that way is being tried already."""
    at = shared_now()
    asked = Delivery(
        **{name: getattr(delivery, name) for name in SAME},
        channel=way["channel"],
        address=way["address"],
        dedup_key=way["dedup_key"][:200],
        alternatives=alternatives,
        stands_in_for=delivery,
        not_before=at,
        give_up_at=give_up_at(at),
    )
    Delivery.objects.bulk_create([asked], ignore_conflicts=True)
    return Delivery.objects.filter(dedup_key=asked.dedup_key, stands_in_for=delivery).first()


def channel_name(channel: str) -> Sentence:
    """To be kept within a sentence."""
    with translation.override("en"):
        return sentence(str(Channel(channel).label))


def _say_so(delivery: Delivery, one: Delivery) -> None:
    said = sentence(_("Now by %(channel)s: %(address)s"), channel=channel_name(one.channel), address=one.address)
    record(delivery, Kind.PASSED_ON, said)
    transaction.on_commit(partial(doorbell.ring, one.pk), robust=True)
