"""Try whether somebody is reached at an address: a message that asks for an answer, and the answer written down.

This module is also what the messages of the purpose “test” are asked and told about (notifications.purposes).
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext, override
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import hold, nudge
from dr_console.notifications.messages import Message
from dr_console.notifications.models import Delivery
from dr_console.notifications.purposes import Answer, Reply, Wish
from dr_console.notifications.services import answer, notify
from dr_console.web.sentences import Texts, sentence
from incidents.models import ChannelKind, ChannelTest, Contact, ContactChannel, Vendor, VendorChannel
from incidents.queries import recipients

PURPOSE = "test"
PRIORITY = 8
# How soon an address may be tried again, where the test before has not been answered yet.
PAUSE = timedelta(minutes=1)
TOLD = "hand"

State = ChannelTest.State
GONE = (Delivery.State.FAILED, Delivery.State.CANCELLED)


@transaction.atomic
def send(contact: Contact, channel: ContactChannel, *, by: User) -> ChannelTest:
    """Send one message to one address of a contact, that asks for an answer. Raises Refused where it leads nowhere."""
    hold("console")
    if channel.is_placeholder and settings.DR_MODE == "live":
        raise Refused(gettext("This address is still a placeholder: fill it in first."))
    if _on_its_way(contact, channel).exists():
        raise Refused(gettext("A test of this address was sent a moment ago. Wait a minute for its answer."))
    test = _new_test(contact, channel, by=by)
    test.delivery = _ask(contact, channel, test, by=by)
    test.save(update_fields=["delivery"])
    audit("channel_test.sent", by=by, target=contact, after={"channel": channel.kind, "address": channel.address})
    nudge("console", "contacts")
    return test


@transaction.atomic
def send_all(contact: Contact, *, by: User) -> list[ChannelTest]:
    """Send one to each of their addresses, but to placeholders and to those where one is on its way."""
    hold("console")
    ways = [one for one in contact.channels.all() if not (one.is_placeholder and settings.DR_MODE == "live")]
    ways = [one for one in ways if not _on_its_way(contact, one).exists()]
    if not ways:
        raise Refused(gettext("There is no address to send a test to: fill one in, or wait for the answers."))
    return [send(contact, one, by=by) for one in ways]


@transaction.atomic
def write_down(owner: Contact | Vendor, channel: ContactChannel | VendorChannel, *, by: User, name: str) -> ChannelTest:
    """Somebody said in another way that they were reached here, or was tried by hand. `name`: who said so.

    It answers the test that waits, if there is one; what has not been sent of it is not sent any more.
    """
    hold("console")
    test = _waiting(owner, channel) or _new_test(owner, channel, by=by)
    if test.delivery and test.state == State.WAITING:
        answer(test.delivery, Answer(Wish.ACKNOWLEDGE, by=name, via=TOLD, as_of=now(), user_id=by.pk))
    else:
        _settle(test, by=name, via=TOLD)
    test.refresh_from_db()
    audit(
        "channel_test.told",
        by=by,
        target=owner,
        after={"channel": channel.kind, "address": channel.address, "answered_by": name},
    )
    nudge("console", "contacts")
    return test


# --- What the messages ask (notifications.purposes.Purpose) ---------------------------------------
def is_wanted(delivery: Delivery) -> bool:
    """Not any more, once it was answered in another way."""
    return ChannelTest.objects.filter(delivery=delivery).exclude(state=State.ANSWERED).exists()


def awaits_answer(delivery: Delivery) -> bool:
    return is_wanted(delivery)


@transaction.atomic
def answered(delivery: Delivery, given: Answer) -> Reply:
    """Whatever they asked for: that they did proves that they are reached."""
    hold("console")
    test = ChannelTest.objects.filter(delivery=delivery).first()
    if test is None:
        return Reply(sentence(_("Nobody waits for this answer any more.")), is_done=False)
    if not _settle(test, by=given.by, via=given.via):
        return Reply(sentence(_("This test was answered before. Nothing else is to be done.")), is_done=True)
    nudge("console", "contacts")
    return Reply(sentence(_("Thank you: it is written down that messages reach you here.")), is_done=True)


@transaction.atomic
def changed(delivery: Delivery) -> None:
    """One that did not arrive is said to have failed; one that is sent once more waits again."""
    was, becomes = (State.WAITING, State.FAILED) if delivery.state in GONE else (State.FAILED, State.WAITING)
    if ChannelTest.objects.filter(delivery=delivery, state=was).update(state=becomes):
        nudge("console", "contacts")


# --- How it is done -------------------------------------------------------------------------------
def _new_test(owner: Contact | Vendor, channel: ContactChannel | VendorChannel, *, by: User) -> ChannelTest:
    return ChannelTest.objects.create(
        whom=owner.whom, kind=channel.kind, address=channel.address, mode=settings.DR_MODE, sent_at=now(), by=by
    )


def _ask(contact: Contact, channel: ContactChannel, test: ChannelTest, *, by: User) -> Delivery:
    way = _way(contact, channel)
    return notify(
        channel=channel.kind,
        address=way.address,
        recipient=way.name,
        language=contact.language,
        message=_message(contact, by),
        dedup_key=f"channel-test:{test.pk}",
        payload={
            "event": PURPOSE,
            "urgency": "info",
            "key": f"channel-test:{test.pk}",
            "action": "trigger",
            "question": _question(contact.language),
            "wishes": [Wish.ACKNOWLEDGE.value],
        },
        purpose=PURPOSE,
        person=contact.whom,
        priority=PRIORITY,
    )


def _way(contact: Contact, channel: ContactChannel) -> recipients.Recipient:
    """As the ladder would reach them by it: through the shared room where they have no address of their own."""
    kind = ChannelKind(channel.kind)
    ways = recipients.by_targets([contact.whom], [kind], at=now())
    if not ways:
        raise Refused(gettext("“%s” is not in the plan any more.") % contact.key)
    return next((way for way in ways if way.address == channel.address), ways[0])


def _message(contact: Contact, by: User) -> Message:
    return Message(
        subject=sentence(_("Test for %(name)s: please answer"), name=_name(contact)),
        body=sentence(
            _("%(by)s tries whether DR Console reaches you here. Nothing has happened. Please answer this message."),
            by=by.get_full_name() or by.get_username(),
        ),
        url=f"{settings.DR_PUBLIC_URL}{contact.get_absolute_url()}",
        url_text=sentence(_("Open DR Console")),
    )


def _name(contact: Contact) -> Texts:
    return {"en": contact.name_en, "zh-hans": contact.name_zh_hans}  # type: ignore[attr-defined]  # modeltranslation


def _question(language: str) -> str:
    with override(language):
        return gettext("This is a test. Press 1 if you hear this.")


def _on_its_way(owner: Contact | Vendor, channel: ContactChannel | VendorChannel) -> QuerySet[ChannelTest]:
    return _tests(owner, channel).filter(state=State.WAITING, sent_at__gt=now() - PAUSE)


def _tests(owner: Contact | Vendor, channel: ContactChannel | VendorChannel) -> QuerySet[ChannelTest]:
    return ChannelTest.objects.filter(whom=owner.whom, kind=channel.kind, address=channel.address)


def _waiting(owner: Contact | Vendor, channel: ContactChannel | VendorChannel) -> ChannelTest | None:
    """The newest test of the address in this mode, where nobody has answered it."""
    newest = _tests(owner, channel).filter(mode=settings.DR_MODE).select_related("delivery").first()
    return newest if newest and newest.state != State.ANSWERED else None


def _settle(test: ChannelTest, *, by: str, via: str) -> bool:
    """Write the answer down. False where somebody has done so before."""
    open_ones = ChannelTest.objects.filter(pk=test.pk).exclude(state=State.ANSWERED)
    at = now()
    if not open_ones.update(state=State.ANSWERED, answered_at=at, answered_by=by[:200], answered_via=via):
        return False
    if test.kind == ChannelKind.PAGERDUTY and test.delivery:
        _end_page(test, test.delivery)
    return True


def _end_page(test: ChannelTest, delivery: Delivery) -> None:
    """PagerDuty keeps a page open until it is told that it is over."""
    notify(
        channel=test.kind,
        address=delivery.address,
        recipient=delivery.recipient,
        language=delivery.language,
        message=Message(subject=sentence(_("The test is over"))),
        dedup_key=f"channel-test:{test.pk}:over",
        payload={"event": PURPOSE, "key": f"channel-test:{test.pk}", "action": "resolve"},
    )
