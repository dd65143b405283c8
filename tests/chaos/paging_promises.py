"""What has to be true of every climb that nobody answered, whatever was killed: read from the rows and the mailbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

from dr_console.notifications.models import Delivery
from incidents.models import Escalation, EscalationEvent
from tests.sandboxed import Sandbox

Kind = EscalationEvent.Kind
State = Delivery.State
# Mail that was being handed over when its sender was killed: nobody can tell, and it must not be sent twice.
GOOD_ENDS = {State.SENT, State.DELIVERED, State.UNKNOWN}
# Times of one host's clock and of the database's on the same host.
SLACK = timedelta(seconds=0.05)


def violations(sandbox: Sandbox) -> list[str]:
    """Every promise that was broken, in words; empty if all were kept."""
    letters = Counter(each["detail"]["headers"]["message-id"] for each in _arrived(sandbox, "email"))
    found = []
    for climb in Escalation.objects.order_by("pk"):
        found += _steps(climb)
        found += _messages(climb, letters)
    return found


def _arrived(sandbox: Sandbox, channel: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = sandbox.get("/outbox", channel=channel, limit=1000)["messages"]
    return messages


def places(climb: Escalation) -> list[tuple[int, int]]:
    levels = range(len(climb.snapshot["levels"]))
    return [(number, level) for number in range(climb.snapshot["rounds"]) for level in levels]


def _steps(climb: Escalation) -> Iterator[str]:
    """I1 and I7: each level once, in order, none before its time."""
    started = list(climb.events.filter(kind=Kind.LEVEL_STARTED).order_by("pk"))
    if (seen := [(one.round, one.level) for one in started]) != places(climb):
        yield f"I1 {climb}: paged {seen}"
    if climb.events.filter(kind=Kind.EXHAUSTED).count() != 1:
        yield f"I1 {climb}: ran out {climb.events.filter(kind=Kind.EXHAUSTED).count()} times"
    waits = [timedelta(minutes=level["wait_minutes"]) for level in climb.snapshot["levels"]]
    for one, following in pairwise(started):
        if following.at - one.at < waits[one.level] - SLACK:
            yield f"I7 {climb}: level {following.level} came {following.at - one.at} after level {one.level}"


def _messages(climb: Escalation, letters: Mapping[str, int]) -> Iterator[str]:
    """I3 and I4: one message a level and person and channel, each sent, and none of them twice."""
    sent = list(Delivery.objects.filter(group=climb.group, stands_in_for=None).order_by("pk"))
    by_place = Counter(":".join(one.dedup_key.split(":")[:4]) for one in sent)
    for number, level in places(climb):
        wanted = len(climb.snapshot["levels"][level]["channels"])
        if (found := by_place[f"{climb.group}:{number}:{level}"]) != wanted:
            yield f"I3 {climb}: {found} messages at round {number}, level {level}"
    for one in sent:
        if one.state not in GOOD_ENDS:
            yield f"I4 {climb}: {one.dedup_key} is {one.state}"
        if one.channel == "email":
            yield from _letter(one, letters[one.provider_ref] if one.provider_ref else None)


def _letter(one: Delivery, arrived: int | None) -> Iterator[str]:
    if one.state == State.SENT and arrived != 1:
        yield f"I3 {one.dedup_key}: arrived {arrived} times"
    if one.state == State.UNKNOWN and arrived is not None and arrived > 1:
        yield f"I3 {one.dedup_key}: perhaps sent, and arrived {arrived} times"
