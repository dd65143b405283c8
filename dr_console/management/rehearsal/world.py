"""The pretend world, driven: break it, heal it, and hear what really happened in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import now

from dr_console.management.rehearsal.facts import Happened
from dr_console.providers import sandbox
from dr_console.providers.deadlines import Deadline
from dr_console.providers.sandbox_shapes import Effect, Episode, Message, Truth

SECONDS = 10.0
MOST_MESSAGES = 1_000
NAMES = ("dns.",)
# What messages to people change at the channels is no change of the world that a plan makes.
CHANNELS = ("slack", "pagerduty", "twilio", "email")


@dataclass(frozen=True)
class Clocks:
    """What the world's clock shows at a moment of ours, as long as its speed stays the same."""

    ours: float
    world: float
    speed: float

    @classmethod
    def read(cls) -> Clocks:
        began = now().timestamp()
        told = sandbox.clock(deadline=Deadline.after(SECONDS))
        return cls((began + now().timestamp()) / 2, told.now, told.speed)

    def at(self, moment: datetime | None) -> float | None:
        """The world's second of a moment of ours."""
        return None if moment is None else self.world + (moment.timestamp() - self.ours) * self.speed

    def now(self) -> float:
        return self.world + (now().timestamp() - self.ours) * self.speed


class World:
    """The world from one break on. Everything may raise ProviderError."""

    def __init__(self) -> None:
        """Remember what is there before: effects, messages, and who answers which name."""
        self.clocks = Clocks.read()
        self._answered_by = self.answered_by()
        self._effect = max((effect.number for effect in _effects(0)), default=0)
        self._message = max((message.id for message in _messages()), default=0)
        self._before: Truth = _truth()
        self._story = ""
        self.healed_at: float | None = None

    def break_with(self, scenario: str, parameters: dict[str, Any]) -> float:
        """Start the scenario; when that was, on the world's clock. Raises WrongInput."""
        self._story = scenario
        sandbox.start_scenario(scenario, parameters, deadline=Deadline.after(SECONDS))
        self.clocks = Clocks.read()
        return self.clocks.world

    def heal(self) -> None:
        self.healed_at = self.clocks.now()
        sandbox.heal(deadline=Deadline.after(SECONDS))

    def failing(self) -> float | None:
        """Which share of users' requests failed in the last minute."""
        return sandbox.world(deadline=Deadline.after(SECONDS)).users.error_rate

    def answered_by(self) -> dict[str, str]:
        """Which origin answers each name, as users find it."""
        return sandbox.world(deadline=Deadline.after(SECONDS)).answered_by

    def is_as_before(self) -> bool:
        return self.answered_by() == self._answered_by

    def is_served(self) -> bool:
        """Have all users that failed been served for a while?"""
        return (episode := self._episode(_truth())) is not None and episode.rto_seconds is not None

    def happened(self) -> Happened:
        """What came of it until now."""
        truth, effects = _truth(), [each for each in _effects(self._effect) if each.vendor not in CHANNELS]
        episode = self._episode(truth)
        return Happened(
            failed_at=episode.failed_at if episode else self.clocks.world,
            first_failed_at=episode.first_failed_at if episode else None,
            first_good_at=episode.first_good_at if episode else None,
            rto_seconds=episode.rto_seconds if episode else None,
            rpo_seconds=truth.canaries.rpo_seconds,
            lost=truth.canaries.lost,
            refused=truth.canaries.refused - self._before.canaries.refused,
            switched_at=max((each.at for each in effects if each.what.startswith(NAMES)), default=None),
            effects=sum(1 for each in effects if each.request),
            doubles=self._doubles(truth),
            messages=_arrived([each for each in _messages() if each.id > self._message]),
        )

    def _doubles(self, truth: Truth) -> tuple[str, ...]:
        """What was done twice. Once on the way there and once on the way back is not twice.

        Messages are counted by those who get them: two that say different things look alike here.
        """
        began, turned = self.clocks.world, self.healed_at or float("inf")
        found = []
        for each in (double for double in truth.doubles if double.vendor not in CHANNELS):
            there, back = (
                sum(low <= at < high for at in each.at) for low, high in ((began, turned), (turned, float("inf")))
            )
            if max(there, back) > 1:
                found.append(f"{each.vendor} {each.what} {each.target} {max(there, back)} times")
        return tuple(found)

    def _episode(self, truth: Truth) -> Episode | None:
        """The newest of this story: one that comes and goes, or is started anew, has several."""
        return next((each for each in reversed(truth.episodes) if each.name == self._story), None)


def _truth() -> Truth:
    return sandbox.truth(deadline=Deadline.after(SECONDS))


def _effects(after: int) -> list[Effect]:
    found: list[Effect] = []
    while page := sandbox.effects(after=found[-1].number if found else after, deadline=Deadline.after(SECONDS)):
        found += page
    return found


def _messages() -> list[Message]:
    return sandbox.outbox(limit=MOST_MESSAGES, deadline=Deadline.after(SECONDS))


def _arrived(messages: list[Message]) -> dict[str, int]:
    """By channel. PagerDuty rings again for the same incident until somebody answers: that is one message of ours."""
    once = {(each.channel, each.detail.get("incident", each.id)) for each in messages}
    return dict(Counter(channel for channel, _what in once))
