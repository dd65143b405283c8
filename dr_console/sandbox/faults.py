"""Faults by rule: which requests of the console go wrong, and what is broken in the world itself."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dr_console.sandbox.clock import Clock

MOST_PAST = 1_000


class Kind(StrEnum):
    """The first group breaks requests to a vendor (or to the edge); the second breaks the world."""

    LATENCY = "latency"
    THROTTLED = "throttled"
    ERROR = "error"
    RESET = "reset"
    TIMEOUT = "timeout"
    TIMEOUT_AFTER_EFFECT = "timeout-after-effect"
    GARBAGE = "garbage"
    HTML = "html"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    WRONG_TYPE = "wrong-type"
    MISSING_FIELD = "missing-field"
    EXPIRED_TOKEN = "expired-token"

    DNS_LAG = "dns-lag"
    REGION_LOST = "region-lost"
    REGION_SLOW = "region-slow"
    CDN_OUTAGE = "cdn-outage"
    API_ERRORS = "api-errors"
    DATA_LOST = "data-lost"
    CORRUPTED_OBJECT = "corrupted-object"
    MISSING_SNAPSHOT = "missing-snapshot"


BODIES = frozenset(
    {Kind.GARBAGE, Kind.HTML, Kind.EMPTY, Kind.TRUNCATED, Kind.WRONG_TYPE, Kind.MISSING_FIELD}
)  # The handler runs, and what it answered is spoilt.
DAMAGE = frozenset({Kind.DATA_LOST, Kind.CORRUPTED_OBJECT, Kind.MISSING_SNAPSHOT})
WORLD = frozenset({Kind.DNS_LAG, Kind.REGION_LOST, Kind.REGION_SLOW, Kind.CDN_OUTAGE, Kind.API_ERRORS}) | DAMAGE
WIRE = frozenset(Kind) - WORLD

_ALWAYS = {"kind", "key", "after", "until", "on_seconds", "off_seconds", "probability", "times"}
_WIRE = _ALWAYS | {"vendor", "route"}
# What a rule of each kind may name beside these.
TAKES: dict[Kind, set[str]] = {
    **{kind: _WIRE | {"status"} for kind in BODIES},
    Kind.LATENCY: _WIRE | {"seconds", "jitter"},
    Kind.THROTTLED: _WIRE | {"retry_after", "after_effect"},
    Kind.ERROR: _WIRE | {"status", "retry_after", "after_effect"},
    Kind.RESET: _WIRE | {"after_effect"},
    Kind.TIMEOUT: _WIRE | {"seconds", "after_effect"},
    Kind.TIMEOUT_AFTER_EFFECT: _WIRE | {"seconds"},
    Kind.MISSING_FIELD: _WIRE | {"status", "field"},
    Kind.EXPIRED_TOKEN: _WIRE,
    Kind.DNS_LAG: _ALWAYS | {"seconds", "name"},
    Kind.REGION_LOST: _ALWAYS | {"region", "share", "how"},
    Kind.REGION_SLOW: _ALWAYS | {"region", "seconds", "share"},
    Kind.CDN_OUTAGE: _ALWAYS | {"status", "share"},
    Kind.API_ERRORS: _ALWAYS | {"region", "status", "share"},
    Kind.DATA_LOST: {"kind", "key", "seconds"},
    Kind.CORRUPTED_OBJECT: {"kind", "key", "name"},
    Kind.MISSING_SNAPSHOT: {"kind", "key", "name"},
}
NEEDS: dict[Kind, str] = {
    Kind.LATENCY: "seconds",
    Kind.MISSING_FIELD: "field",
    Kind.DNS_LAG: "seconds",
    Kind.REGION_LOST: "region",
    Kind.REGION_SLOW: "seconds",
    Kind.DATA_LOST: "seconds",
}


class Rule(BaseModel):
    """What POST /control/faults takes. `after` and `until`: seconds of the world from when the rule is made."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    kind: Kind = Field(strict=False)
    key: str = Field("", max_length=100, pattern=r"^[\w.:-]*$")
    vendor: str = "*"
    route: str = Field("*", min_length=1, max_length=500)
    probability: float = Field(1.0, gt=0, le=1)
    times: int | None = Field(None, ge=1)
    after: float = Field(0.0, ge=0)
    until: float | None = Field(None, gt=0)
    on_seconds: float | None = Field(None, gt=0)
    off_seconds: float | None = Field(None, gt=0)
    seconds: float | None = Field(None, gt=0)
    jitter: float = Field(0.0, ge=0)
    status: int | None = Field(None, ge=200, le=599)
    retry_after: float | None = Field(None, ge=0)
    after_effect: bool = False
    field: str = ""
    region: str = ""
    share: float = Field(1.0, gt=0, le=1)
    how: Literal["timeout", "reset"] = "timeout"
    name: str = ""


class WrongRule(Exception):
    """`field`: of the rule; `message`: a sentence."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def check(rule: Rule, vendors: set[str], regions: set[str]) -> None:
    """Raise WrongRule for what does not fit together."""
    given = rule.model_fields_set
    for name in sorted(given - TAKES[rule.kind]):
        raise WrongRule(name, f"a fault of kind {rule.kind} takes no {name}.")
    needed = NEEDS.get(rule.kind, "")
    if needed and needed not in given:
        raise WrongRule(needed, f"a fault of kind {rule.kind} needs {needed}.")
    if rule.vendor != "*" and rule.vendor not in vendors:
        raise WrongRule("vendor", f"there is no vendor “{rule.vendor}”; there are *, {', '.join(sorted(vendors))}.")
    if rule.region and rule.region not in regions:
        raise WrongRule("region", f"there is no region “{rule.region}”; there are {', '.join(sorted(regions))}.")
    if rule.until is not None and rule.until <= rule.after:
        raise WrongRule("until", "until must be later than after.")
    if (rule.on_seconds is None) != (rule.off_seconds is None):
        missing = "off_seconds" if rule.off_seconds is None else "on_seconds"
        raise WrongRule(missing, "a fault that comes and goes needs both on_seconds and off_seconds.")
    if rule.kind in (Kind.ERROR, Kind.CDN_OUTAGE, Kind.API_ERRORS) and (rule.status or 500) < 400:
        raise WrongRule("status", f"{rule.status} is no error; give one from 400 to 599.")


@dataclass
class Fault:
    """A rule at work. `hits`: how many requests it broke. `batch`: the same for all that were made together."""

    id: str
    rule: Rule
    made_at: float
    batch: int = 0
    hits: int = 0
    removed_at: float | None = None
    undo: list[Callable[[], None]] = field(default_factory=list)

    def is_active(self, now: float) -> bool:
        rule, age = self.rule, now - self.made_at
        if age < rule.after or (rule.until is not None and age >= rule.until):
            return False
        if rule.times is not None and self.hits >= rule.times:
            return False
        if rule.on_seconds is not None and rule.off_seconds is not None:
            return (age - rule.after) % (rule.on_seconds + rule.off_seconds) < rule.on_seconds
        return True

    @property
    def story(self) -> str:
        """The scenario that this is part of, or what is broken in the world; "" for a fault on the wire alone."""
        scenario, colon, _rest = self.rule.key.partition(":")
        return scenario if colon else self.rule.kind.value if self.rule.kind in WORLD else ""

    @property
    def began_at(self) -> float:
        return self.made_at + self.rule.after

    @property
    def ended_at(self) -> float | None:
        """When it was removed or ends by itself, whichever is first."""
        ends = [self.removed_at, None if self.rule.until is None else self.made_at + self.rule.until]
        return min((end for end in ends if end is not None), default=None)

    def shown(self, now: float) -> dict[str, Any]:
        rule = self.rule.model_dump(mode="json", exclude_unset=True)
        return {"id": self.id, **rule, "made_at": self.made_at, "active": self.is_active(now), "hits": self.hits}


# Given what the rule names, damages it and returns how to mend it, or None if there is nothing of that name here.
Hook = Callable[[Rule], Callable[[], None] | None]


class Faults:
    """All rules of one world. `hooks`: by kind of damage, who can do it; a vendor adds its own when it is made."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock, self._random = clock, random
        self._number = itertools.count(1)
        self._all: dict[str, Fault] = {}
        self.past: deque[Fault] = deque(maxlen=MOST_PAST)
        self.hooks: dict[Kind, list[Hook]] = {kind: [] for kind in DAMAGE}

    def add(self, *rules: Rule) -> list[Fault]:
        """One or several that belong together. A rule with the key of another replaces it."""
        for rule in rules:
            if rule.key:
                self.remove(rule.key)
        batch = next(self._number)
        faults = [Fault(f"fault-{batch}", rule, self._clock.now(), batch) for rule in rules]
        for number, fault in enumerate(faults):
            if number:
                fault.id += f"-{number}"
            self._set_to_work(fault)
        return faults

    def _set_to_work(self, fault: Fault) -> None:
        rule = fault.rule
        for damage in self.hooks.get(rule.kind, []):
            mend = damage(rule)
            if mend is not None:
                fault.undo.append(mend)
        if rule.kind in DAMAGE and not fault.undo:
            raise WrongRule("name", f"there is nothing here called “{rule.name}” that this could happen to.")
        self._all[fault.id] = fault
        # So that what is made up for later does not stride over the moment at which the world changes.
        for seconds in (rule.after, rule.until):
            if seconds:
                self._clock.later(seconds, _nothing)

    def remove(self, id_or_key: str) -> bool:
        """End this rule, by its id or its key; all whose key begins with "KEY:" go with it."""
        doomed = [
            fault
            for fault in self._all.values()
            if id_or_key in (fault.id, fault.rule.key) or fault.rule.key.startswith(f"{id_or_key}:")
        ]
        for fault in doomed:
            del self._all[fault.id]
            fault.removed_at = self._clock.now()
            self.past.append(fault)
            for mend in fault.undo:
                mend()
        return bool(doomed)

    def clear(self) -> int:
        return sum(self.remove(id) for id in list(self._all))

    def get(self, id: str) -> Fault | None:
        return self._all.get(id) or next((fault for fault in self._all.values() if fault.rule.key == id), None)

    def all(self) -> list[Fault]:
        return list(self._all.values())

    def now(self, *kinds: Kind) -> list[Fault]:
        """Those of these kinds that are at work at this moment, for who asks about the world."""
        return [
            fault for fault in self._all.values() if fault.rule.kind in kinds and fault.is_active(self._clock.now())
        ]

    def is_hit(self, fault: Fault) -> bool:
        """Whether this one request is among the share that the fault breaks."""
        if fault.rule.share < 1 and self._random.random() >= fault.rule.share:
            return False
        if fault.rule.probability < 1 and self._random.random() >= fault.rule.probability:
            return False
        fault.hits += 1
        return True

    def hitting(self, vendor: str, label: str) -> list[Fault]:
        """What goes wrong with this request: any number of latencies, then at most one of another kind."""
        hits: list[Fault] = []
        for fault in self.now(*WIRE):
            decided = hits and hits[-1].rule.kind is not Kind.LATENCY
            if _is_about(fault.rule, vendor, label) and not decided and self.is_hit(fault):
                hits.append(fault)
        return hits

    def delay(self, fault: Fault) -> float:
        """Seconds of ours that this latency takes this time."""
        return (fault.rule.seconds or 0.0) + self._random.uniform(0, fault.rule.jitter)


def _nothing() -> None:
    pass


def _is_about(rule: Rule, vendor: str, label: str) -> bool:
    return rule.vendor in ("*", vendor) and fnmatchcase(label, rule.route)
