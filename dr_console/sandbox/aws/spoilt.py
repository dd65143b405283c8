"""Snapshots that go wrong: one that vanishes, one that fails; by what the world's owner says below /control/aws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from dr_console.sandbox.faults import Rule


@dataclass
class Spoilt:
    """`rules`: pattern of names → "vanish" or "fail". They hold for snapshots that are there and those that come."""

    rules: dict[str, str] = field(default_factory=dict)

    def vanish(self, rule: Rule) -> Callable[[], None]:
        """For a fault rule of kind missing-snapshot, whose name is a pattern; without one, every snapshot is gone."""
        pattern = rule.name or "*"
        self.rules[pattern] = "vanish"

        def mend() -> None:
            self.rules.pop(pattern, None)

        return mend

    def how(self, name: str) -> str:
        """What is wrong with the snapshot of this name; empty if nothing is."""
        return next((how for pattern, how in self.rules.items() if fnmatchcase(name, pattern)), "")

    def has_vanished(self, name: str) -> bool:
        return self.how(name) == "vanish"

    def has_failed(self, name: str) -> bool:
        return self.how(name) == "fail"
