"""Ask health endpoints at once from here, as users would, and judge the answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _
from django.utils.translation import override

from dr_console.providers.capabilities.probe import JsonCheck, ProbeResult, Target, worded
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe_all
from dr_console.web.sentences import Sentence, sentence

# Between two rounds that are to show the same.
PAUSE_SECONDS = 0.1
CDN_SERVERS = ("cloudflare",)


@dataclass(frozen=True)
class Wish:
    """What a good answer is, beside its status. `says`: a value in its JSON. `within`: seconds."""

    says: dict[str, Any] = field(default_factory=dict)
    through_cdn: bool | None = None
    within: float | None = None


@dataclass(frozen=True)
class Answer:
    """`why`: a sentence, what is wrong with it; empty: it is good."""

    url: str
    at: datetime
    result: ProbeResult
    why: Sentence

    @property
    def is_good(self) -> bool:
        return not self.why


@dataclass(frozen=True)
class Row:
    """The last round of several. `first_good_at`: the first of the good rounds that it ends; None if it is bad."""

    answers: tuple[Answer, ...]
    first_good_at: datetime | None
    last_good_at: datetime | None
    rounds: int

    @property
    def bad(self) -> list[Answer]:
        return [answer for answer in self.answers if not answer.is_good]


def ask(urls: Sequence[str], wish: Wish, *, deadline: Deadline) -> list[Answer]:
    """One health check of each, side by side; answers in their order."""
    at = now()
    seconds = settings.DR_PROBE_TIMEOUT_SECONDS if wish.within is None else wish.within
    targets = [_target(url, wish) for url in urls]
    results = asyncio.run(probe_all(targets, deadline=deadline.no_later_than(seconds)))
    return [Answer(url, at, result, _why_bad(result, wish)) for url, result in zip(urls, results, strict=True)]


def in_a_row(urls: Sequence[str], wish: Wish, *, times: int, deadline: Deadline) -> Row:
    """Ask until all have answered well so many times in a row, or one does not, or the time is up."""
    first_at = last_at = None
    for number in range(1, times + 1):
        answers = tuple(ask(urls, wish, deadline=deadline))
        if not all(answer.is_good for answer in answers):
            return Row(answers, None, None, number)
        last_at = answers[0].at
        first_at = first_at or last_at
        if number < times:
            if deadline.left() <= PAUSE_SECONDS:
                return Row(answers, None, None, number)
            time.sleep(PAUSE_SECONDS)
    return Row(answers, first_at, last_at, times)


def said_of(answers: Sequence[Answer]) -> Sentence:
    """The first that is not good, and how many more there are."""
    bad = [answer for answer in answers if not answer.is_good]
    if not bad:
        return sentence(_("All answer well."))
    if len(bad) == 1:
        return sentence(_("%(url)s: %(why)s"), url=bad[0].url, why=bad[0].why)
    text = _("%(url)s: %(why)s (and %(more)s more)")
    return sentence(text, url=bad[0].url, why=bad[0].why, more=len(bad) - 1)


def _target(url: str, wish: Wish) -> Target:
    (path, equals), *_rest = [*wish.says.items(), ("", None)]
    return Target(url, json=JsonCheck(path, equals) if path else None)


def _why_bad(result: ProbeResult, wish: Wish) -> Sentence:
    if result.failure is not None:
        # Kept as it is marked for translation: whoever reads it later has a language of their own.
        with override(None):
            return sentence(worded(result.failure, result.phase), status=result.status)
    came_through = result.edge.server.lower() in CDN_SERVERS
    if wish.through_cdn is True and not came_through:
        return sentence(_("The answer did not come through the CDN."))
    if wish.through_cdn is False and came_through:
        return sentence(_("The answer came through the CDN."))
    return {}
