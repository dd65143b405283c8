"""What must be loud on every page, or on the home page: said by the apps, and asked for once every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.utils.module_loading import import_string

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


@dataclass
class Remembered:
    """The alarms for every page, as this process heard them last: no page asks the database for them itself."""

    at: float = float("-inf")
    _alarms: list[Alarm] = field(default_factory=list)

    def everywhere(self) -> list[Alarm]:
        if time.monotonic() - self.at > ASKED_EVERY_SECONDS:
            # Before asking: while the database hangs one request waits for it, and not all of them.
            self.at = time.monotonic()
            try:
                self._alarms = [alarm for alarm in alarms() if alarm.everywhere]
            except DatabaseError:
                # The page says by itself that the database does not answer; what was loud before stays so.
                return self._alarms
        return self._alarms

    def forget(self) -> None:
        """Ask anew at the next page."""
        self.at = float("-inf")


remembered = Remembered()
