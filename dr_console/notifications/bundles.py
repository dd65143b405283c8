"""Several messages that are due to one person by one channel are said together, in one that says them all.

The one that is sent is a row of its own; those that it says point to it, and come to the same as it does. What goes to
a room is never bundled: there, each incident has a thread of its own. Pages to one person through the shared channel
are: in a storm, they would come one a second.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dr_console.live.publish import hold
from dr_console.notifications import lines
from dr_console.notifications.events import Kind, record_all, tell
from dr_console.notifications.messages import marks
from dr_console.notifications.models import BUNDLE, Delivery
from dr_console.notifications.purposes import purpose
from dr_console.notifications.stopping import WAITING, stop
from dr_console.web.sentences import sentence

MOST_TOGETHER = 50
# So many are told in full; of the others only how many there are. Nobody listens to more on the telephone.
TOLD = {"phone": 3}
TOLD_ELSEWHERE = 10
# An answer to a test must be one to that test.
ALONE = ("test",)
# Of what is said in another: it has come to nothing yet. Being sent, too, where whoever was sending it is gone.
UNDER_WAY = (Delivery.State.QUEUED, Delivery.State.SENDING)
NOBODY = gettext_noop("Nobody needs to hear it any more.")


def gather(delivery: Delivery, at: datetime) -> Delivery:
    """The message itself, or one that says it with all else that is due on the same line.

    Called within the transaction that takes it, with its line held.
    """
    if delivery.is_bundle or delivery.attempts or delivery.purpose in ALONE or not lines.may_be_held(delivery):
        return delivery
    if len(_due_with(delivery, at)) < 2:
        return delivery
    hold("console")  # from here on nobody cancels one of them
    together = _due_with(delivery, at)
    return _bundle(together) if delivery in together and len(together) > 1 else delivery


def _due_with(delivery: Delivery, at: datetime) -> list[Delivery]:
    """All that is due to the same person on the same line, itself too; the most important first."""
    same = Delivery.objects.filter(
        WAITING,
        channel=delivery.channel,
        address=delivery.address,
        person=delivery.person,
        language=delivery.language,
        purpose=delivery.purpose,
        is_practice=delivery.is_practice,
        may_wait=True,
        bundled_into=None,
        not_before__lte=at,
        attempts=0,  # one that has failed is tried again by itself: its pauses are its own
    )
    due = list(same.exclude(dedup_key__startswith=BUNDLE).order_by("priority", "pk")[:MOST_TOGETHER])
    return [one for one in due if _is_wanted(one)]


def _is_wanted(delivery: Delivery) -> bool:
    asked = purpose(delivery.purpose)
    return asked is None or asked.is_wanted(delivery)


def _bundle(together: list[Delivery]) -> Delivery:
    first = together[0]
    one = Delivery.objects.create(
        channel=first.channel,
        address=first.address,
        recipient=first.recipient,
        language=first.language,
        **_words(together),
        about=first.about if len({one.about for one in together}) == 1 else "",
        dedup_key=f"{BUNDLE}{first.pk}:{first.fence}",
        is_practice=first.is_practice,
        topics=sorted({topic for one in together for topic in one.topics}),
        purpose=first.purpose,
        person=first.person,
        priority=first.priority,
        not_before=first.not_before,
        give_up_at=max((one.give_up_at for one in together if one.give_up_at), default=None),
    )
    # Raised, so that whoever has read one of them to send it by itself does not.
    Delivery.objects.filter(pk__in=[each.pk for each in together]).update(bundled_into=one, fence=F("fence") + 1)
    record_all(together, Kind.BUNDLED, sentence(gettext_noop("%(count)s messages in one"), count=len(together)))
    tell(one)
    return one


def _words(together: list[Delivery]) -> dict[str, Any]:
    """Subject, body and payload of what says them all, in their language."""
    first = together[0]
    with translation.override(first.language):
        signs = marks(first.is_practice)
        plain = [_without(" ".join(signs), one.subject) for one in together]
        subject = _("%(count)s messages: %(first)s") % {"count": len(together), "first": plain[0]}
        told = [": ".join(part for part in (text, one.body) if part) for text, one in zip(plain, together, strict=True)]
        told = told[: TOLD.get(first.channel, TOLD_ELSEWHERE)]
        if more := len(together) - len(told):
            told.append(_("and %(count)s more") % {"count": more})
    facts = [[one.about, one.payload["url"]] for one in together if one.about and one.payload.get("url")]
    payload = {**first.payload, "facts": facts, "together": len(together)}
    return {"subject": " ".join([*signs, subject])[:300], "body": "\n".join(told), "payload": payload}


def _without(signs: str, subject: str) -> str:
    return subject.removeprefix(signs).strip()


def follow(delivery: Delivery) -> None:
    """What is said in it is where it is: being sent, or waiting for another try."""
    if delivery.is_bundle:
        said_in_it = delivery.bundle.filter(state__in=UNDER_WAY)
        said_in_it.update(state=delivery.state, handed_over_at=delivery.handed_over_at, attempts=delivery.attempts)


def is_wanted(delivery: Delivery) -> bool:
    """Whether it is, or anything that is said in it. Asked before each try: what is not wanted is left out."""
    if not delivery.is_bundle:
        return _is_wanted(delivery)
    hold("console")
    said_in_it = list(delivery.bundle.filter(state__in=UNDER_WAY).order_by("priority", "pk"))
    wanted = [one for one in said_in_it if _is_wanted(one)]
    unwanted = delivery.bundle.exclude(pk__in=[one.pk for one in wanted])
    left_out = stop(unwanted, sentence(NOBODY))
    if wanted and (left_out or len(said_in_it) < delivery.payload["together"]):
        _say_anew(delivery, wanted)
    return bool(wanted)


def may_be_answered(delivery: Delivery) -> bool:
    """Whether somebody still waits for an answer to it, or to anything that is said in it. Changes nothing."""
    together = delivery.bundle.exclude(state=Delivery.State.CANCELLED) if delivery.is_bundle else [delivery]
    asked = ((purpose(one.purpose), one) for one in together)
    return any(who is not None and who.awaits_answer(one) for who, one in asked)


def is_page(delivery: Delivery) -> bool:
    """Whether a ladder waits for it, or for anything that is said in it."""
    return bool(delivery.group) or (delivery.is_bundle and delivery.bundle.exclude(group="").exists())


def has_another_way(delivery: Delivery) -> bool:
    """Whether it is, or something that is said in it, said by another channel once this one has failed."""
    return bool(delivery.alternatives) or (delivery.is_bundle and delivery.bundle.exclude(alternatives=[]).exists())


def _say_anew(delivery: Delivery, wanted: list[Delivery]) -> None:
    words = _words(wanted)
    Delivery.objects.filter(pk=delivery.pk).update(**words)
    for name, value in words.items():
        setattr(delivery, name, value)
