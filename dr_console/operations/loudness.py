"""What must be loud on every page, or at home: the engine that has stopped, and what the apps say, seconds old."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import DatabaseError
from django.utils.module_loading import import_string

from dr_console.operations import engine
from dr_console.operations.engine import Level, level_of
from dr_console.web.sentences import Sentence, spoken

ASKED_EVERY_SECONDS = 3.0


@dataclass(frozen=True)
class Alarm:
    """Something that nobody may overlook. `url`: where it is mended. `everywhere`: on every page, not only at home."""

    said: Sentence
    url: str
    everywhere: bool = False

    @property
    def words(self) -> str:
        """In the language of the moment."""
        return spoken(self.said)


Reader = Callable[[], Iterable[Alarm]]
_readers: list[str] = []


def register(reader: str) -> None:
    """Have the function of that dotted path asked, which returns Alarms. For AppConfig.ready()."""
    if reader not in _readers:
        _readers.append(reader)


def alarms() -> list[Alarm]:
    """What every app has to say now, each in a bounded number of queries."""
    return [alarm for path in _readers for alarm in _reader(path)()]


def _reader(path: str) -> Reader:
    reader: Reader = import_string(path)
    return reader


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

    def state(self) -> State:
        """At most three seconds old. Without a database the one before: that it is gone is said elsewhere."""
        if time.monotonic() - self.at > ASKED_EVERY_SECONDS:
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
        loud = tuple(alarm for alarm in alarms() if alarm.everywhere)
        return State(age, reading.stand_in_since if reading.stand_in else None, loud)


remembered = Remembered()
