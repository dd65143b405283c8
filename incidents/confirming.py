"""From one diagnosis to the next: what is certain by now, what comes and goes, and where users are. Pure.

Memory is all that is kept between rounds, as plain values, so that the deciding goes on after a restart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from incidents.observations import Diagnosis, Kind, Observations, Rules

FLAPPING_WITHIN = timedelta(minutes=15)
FLAPPING_CHANGES = 3
MOST_CHANGES = 50


class Verdict(StrEnum):
    WELL = "well"
    WATCHING = "watching"  # something is wrong, and it is not certain yet
    CONFIRMED = "confirmed"
    CUT_OFF = "cut_off"


@dataclass(frozen=True)
class Memory:
    """`key`, `since`: of the present conclusion. `is_trouble`: whether the last that was clear was one that users felt.

    `changes`: when that changed, the latest of them. `serving`: by service, the region that its users were last
    answered by.
    """

    key: str = ""
    since: datetime | None = None
    is_trouble: bool = False
    changes: tuple[datetime, ...] = ()
    serving: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        return asdict(self) | {
            "since": self.since.isoformat() if self.since else None,
            "changes": [at.isoformat() for at in self.changes],
            "serving": dict(self.serving),
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Memory:
        since = facts.get("since")
        return cls(
            key=facts.get("key", ""),
            since=datetime.fromisoformat(since) if since else None,
            is_trouble=facts.get("is_trouble", False),
            changes=tuple(datetime.fromisoformat(at) for at in facts.get("changes", [])),
            serving=facts.get("serving", {}),
        )

    def changes_lately(self, at: datetime) -> int:
        """How often it went from well to failing or back in the last quarter of an hour."""
        return sum(at - FLAPPING_WITHIN <= change <= at for change in self.changes)


def with_serving(memory: Memory, seen: Observations) -> Memory:
    """Remember which region answers the users of each service: what most places were answered by last."""
    answers: dict[str, Counter[str]] = {}
    for one in seen.sightings:
        if one.is_public and one.is_good and one.answered_by:
            answers.setdefault(one.service, Counter())[one.answered_by] += 1
    now = {service: regions.most_common(1)[0][0] for service, regions in answers.items()}
    return replace(memory, serving={**memory.serving, **now})


def advance(memory: Memory, diagnosis: Diagnosis, at: datetime, rules: Rules) -> tuple[Memory, Verdict]:
    """Take in the diagnosis of the round at `at`."""
    key = diagnosis.key if diagnosis.kind is not Kind.WELL else ""
    if key != memory.key:
        memory = replace(memory, key=key, since=at)
    memory = _with_change(memory, diagnosis, at)
    return memory, _verdict(memory, diagnosis, at, rules)


def _with_change(memory: Memory, diagnosis: Diagnosis, at: datetime) -> Memory:
    """Only what is clear counts: while it is unsure or unheard, nothing has changed."""
    if diagnosis.kind in (Kind.UNSURE, Kind.CUT_OFF) or diagnosis.is_trouble == memory.is_trouble:
        return memory
    return replace(memory, is_trouble=diagnosis.is_trouble, changes=(*memory.changes, at)[-MOST_CHANGES:])


def _verdict(memory: Memory, diagnosis: Diagnosis, at: datetime, rules: Rules) -> Verdict:
    if diagnosis.kind is Kind.WELL:
        return Verdict.WELL
    if diagnosis.kind is Kind.CUT_OFF:
        return Verdict.CUT_OFF
    if not diagnosis.is_confirmed(rules):
        return Verdict.WATCHING
    unclear = diagnosis.kind is Kind.UNSURE
    if unclear and (memory.since is None or at - memory.since < rules.unsure_for):
        return Verdict.WATCHING
    return Verdict.CONFIRMED
