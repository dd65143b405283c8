"""What must be loud on every page, or at home: the engine that has stopped, and what the apps say, seconds old."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import DatabaseError
from django.utils.module_loading import import_string

from dr_console.operations import engine
from dr_console.operations.engine import Level, level_of
from dr_console.web.sentences import Sentence, spoken

ASKED_EVERY_SECONDS = 3.0
# Whoever is told of a change asks a second later, and must not be given what was seen before it.
SEEN_SINCE_SECONDS = 0.9


@dataclass(frozen=True)
class Alarm:
    """Something that nobody may overlook. `url`: where it is mended."""

    said: Sentence
    url: str
    is_practice: bool = False

    @property
    def words(self) -> str:
        """In the language of the moment."""
        return spoken(self.said)


_everywhere: list[str] = []
_at_home: list[str] = []


def register(*, everywhere: str, at_home: str) -> None:
    """Have the functions of these dotted paths asked for Alarms: for every page, and for the home page beside those.

    Each in a bounded number of queries; the first is asked every few seconds. For AppConfig.ready().
    """
    _everywhere.append(everywhere)
    _at_home.append(at_home)


def at_home() -> list[Alarm]:
    """What the home page says beside what every page says."""
    return _asked(_at_home)


def _asked(paths: list[str]) -> list[Alarm]:
    return [alarm for path in paths for alarm in import_string(path)()]


@dataclass(frozen=True)
class State:
    """What a page says above everything else. `age`: of the engine's last own round."""

    age: timedelta = timedelta()
    stand_in_since: datetime | None = None
    alarms: tuple[Alarm, ...] = ()

    @property
    def level(self) -> Level:
        return level_of(self.age)

    @property
    def digest(self) -> str:
        """Another one whenever a page has to say something else."""
        said = [self.level, self.stand_in_since, *(f"{alarm.url} {alarm.said}" for alarm in self.alarms)]
        return sha256(repr(said).encode()).hexdigest()[:16]


@dataclass
class Remembered:
    """The state as this process saw it last: no page asks the database itself."""

    at: float = float("-inf")
    began: float = field(default_factory=time.monotonic)
    last: State = field(default_factory=State)

    def state(self, *, at_most: float = ASKED_EVERY_SECONDS) -> State:
        """At most so many seconds old. Without a database the one before: that it is gone is said elsewhere."""
        if time.monotonic() - self.at > at_most:
            # Before asking: while the database hangs one request waits for it, and not all of them.
            self.at = time.monotonic()
            try:
                self.last = self._look()
            except DatabaseError:
                return self.last
        return self.last

    def _look(self) -> State:
        reading = engine.reading()
        # A console that has just started has the same time as ever before anybody is missed.
        age = min(reading.age, timedelta(seconds=time.monotonic() - self.began))
        return State(age, reading.stand_in_since if reading.stand_in else None, tuple(_asked(_everywhere)))


remembered = Remembered()
