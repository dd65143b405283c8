"""Which addresses have been tried, and by which somebody has really been reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Max, Q, QuerySet
from django.utils.timezone import now

from incidents.models import ChannelTest, Contact, ContactChannel, Vendor, VendorChannel

State = ChannelTest.State
# After that, nobody will answer any more.
PATIENCE = timedelta(days=1)
Channel = ContactChannel | VendorChannel
# Whose, kind and address: what a test was of.
Tried = tuple[str, str, str]


class Standing(StrEnum):
    """How far an address can be relied on."""

    PLACEHOLDER = "placeholder"
    NEVER = "never"
    FAILED = "failed"
    OLD = "old"
    PROVEN = "proven"

    @property
    def is_ready(self) -> bool:
        return self is Standing.PROVEN


@dataclass(frozen=True)
class Proof:
    """What is known of one address. `last`: the newest test; `answered`: the newest that somebody answered."""

    channel: Channel
    whom: str
    standing: Standing
    last: ChannelTest | None = None
    answered: ChannelTest | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the newest test may still be answered."""
        return bool(self.last and self.last.state == State.WAITING and now() - self.last.sent_at < PATIENCE)

    @property
    def is_unanswered(self) -> bool:
        """Whether nobody answered the newest test although it went out."""
        return bool(self.last and self.last.state == State.WAITING and not self.is_waiting)

    @property
    def did_not_arrive(self) -> bool:
        """Whether the newest test failed: of a placeholder, too, which is not ready for another reason."""
        return bool(self.last and self.last.state == State.FAILED)


def that_count() -> QuerySet[ChannelTest]:
    """Tests that say something about now: what the sandbox answered proves nothing in live mode."""
    tests = ChannelTest.objects.all()
    return tests.filter(mode="live") if settings.DR_MODE == "live" else tests


def proofs(owners: Iterable[Contact | Vendor], *, at: datetime | None = None) -> dict[str, list[Proof]]:
    """What is known of every address of these, by whose it is; channels should be prefetched. Two queries."""
    channels = [(owner.whom, channel) for owner in owners for channel in owner.channels.all()]
    newest, answered = _newest({whom for whom, _channel in channels})
    found: dict[str, list[Proof]] = {owner.whom: [] for owner in owners}
    for whom, channel in channels:
        tried = (whom, channel.kind, channel.address)
        found[whom].append(_proof(channel, whom, newest.get(tried), answered.get(tried), at or now()))
    return found


def not_ready(owner: Contact | Vendor) -> list[Proof]:
    """Those of its addresses by which nobody is known to be reached."""
    return [proof for proof in proofs([owner])[owner.whom] if not proof.standing.is_ready]


def untested_contacts() -> list[int]:
    """Primary keys of the current contacts of whom at least one address is not known to work."""
    contacts = list(Contact.objects.current().prefetch_related("channels"))
    known = proofs(contacts)
    return [one.pk for one in contacts if any(not proof.standing.is_ready for proof in known[one.whom])]


def _newest(whoms: set[str]) -> tuple[dict[Tried, ChannelTest], dict[Tried, ChannelTest]]:
    """The newest test of each address, and the newest that was answered."""
    each = that_count().filter(whom__in=whoms).order_by().values("whom", "kind", "address")
    ids = list(each.annotate(last=Max("pk"), answered=Max("pk", filter=Q(state=State.ANSWERED))))
    wanted = {row[name] for row in ids for name in ("last", "answered") if row[name]}
    tests = ChannelTest.objects.select_related("by", "delivery").in_bulk(wanted)
    newest = {_tried(tests[row["last"]]): tests[row["last"]] for row in ids}
    return newest, {_tried(tests[row["answered"]]): tests[row["answered"]] for row in ids if row["answered"]}


def _tried(test: ChannelTest) -> Tried:
    return test.whom, test.kind, test.address


def _proof(channel: Channel, whom: str, last: ChannelTest | None, answered: ChannelTest | None, at: datetime) -> Proof:
    return Proof(channel, whom, _standing(channel, last, answered, at), last, answered)


def _standing(channel: Channel, last: ChannelTest | None, answered: ChannelTest | None, at: datetime) -> Standing:
    if channel.is_placeholder:
        return Standing.PLACEHOLDER
    if last is not None and last.state == State.FAILED:
        return Standing.FAILED
    if answered is None or answered.answered_at is None:
        return Standing.NEVER
    too_old = at - answered.answered_at > timedelta(days=settings.DR_CHANNEL_TEST_DAYS)
    return Standing.OLD if too_old else Standing.PROVEN
