"""How often one address may be addressed in a while. Pure. The numbers are GoAlert's, which many years have worn in.

https://github.com/target/goalert/blob/master/engine/message/ratelimit.go
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Rule:
    """No more than `count` in any span of `per`. `smooth`: what the rule before leaves of them is spread evenly."""

    count: int
    per: timedelta
    smooth: bool = False


PHONE = (Rule(1, MINUTE), Rule(3, 15 * MINUTE), Rule(7, HOUR, smooth=True), Rule(15, 3 * HOUR, smooth=True))
# By channel, from the shortest span to the longest. The others say themselves when it is too much, or are no person's.
RULES: dict[str, tuple[Rule, ...]] = {
    "phone": PHONE,
    "email": (Rule(1, MINUTE),),
    "slack": (Rule(1, timedelta(seconds=1)),),
}


def longest(rules: Sequence[Rule]) -> timedelta:
    """How far back earlier messages matter."""
    return max((rule.per for rule in rules), default=timedelta())


def free_at(rules: Sequence[Rule], said: Sequence[datetime], at: datetime) -> datetime:
    """When the next message may be sent: `at` itself, or later. `said`: when the earlier ones were."""
    rules_with_the_one_before = list(pairwise((Rule(0, timedelta()), *rules)))
    free = at
    while (later := max((_free_by(*pair, said, free) for pair in rules_with_the_one_before), default=at)) > free:
        free = later
    return free


def _free_by(before: Rule, rule: Rule, said: Sequence[datetime], at: datetime) -> datetime:
    """The earliest moment from `at` on that this one rule leaves free; it may come to hold again until then."""
    within = sorted(moment for moment in said if at - rule.per < moment <= at)
    if len(within) >= rule.count:
        return within[-rule.count] + rule.per
    more = len(within) - before.count
    if not rule.smooth or more < 1:
        return at
    # So many of the rest have been used up: as much of the span must have passed.
    share = (rule.per - before.per) / (rule.count - before.count)
    return max(at, within[0] + before.per + more * share)
