"""Verify, as users see it, that they are served: through the public names, from every place that asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Preview, Sight, StepFunction
from dr_console.web.sentences import sentence
from incidents.queries import witnesses
from incidents.queries.witnesses import Witness
from incidents.steps import asking
from incidents.steps.asking import Wish
from incidents.steps.parameters import Verification, problems, read


class VerifyHealth(StepFunction):
    """All addresses answer well so many times in a row, here and at every other place that can ask anybody.

    What it leaves: `first_good_at`, at which users were served again, and `verified_at`, at which that was certain.
    """

    name = "failover.verify_health"
    idempotency: ClassVar[Idempotency] = Idempotency.NATURAL_SET
    only_looks: ClassVar[bool] = True
    # Several rounds, each up to the limit of a health check, before anybody looks at what a person said meanwhile.
    call_seconds: ClassVar[float] = 15.0
    drill_safe: ClassVar[bool] = True

    def observe(self, context: Context) -> Observation:
        wanted = read(Verification, context.parameters)
        row = asking.in_a_row(wanted.urls, _wish(wanted), times=wanted.successes, deadline=context.deadline)
        if row.first_good_at is None or row.last_good_at is None:
            return Observation(
                Sight.DIFFERS,
                now={answer.url: answer.is_good for answer in row.answers},
                wanted=_wanted(wanted),
                said=asking.said_of(row.answers),
            )
        others = witnesses.of(wanted.urls)
        doubting = [one for one in others if one.good_streak < wanted.successes]
        if doubting:
            return _doubted(wanted, doubting)
        return _verified(wanted, row.first_good_at, row.last_good_at, others)

    def preview(self, context: Context) -> Preview:
        """One round, to show what answers now: several would take the time of whoever waits for the page."""
        wanted = read(Verification, context.parameters)
        answers = asking.ask(wanted.urls, _wish(wanted), deadline=context.deadline)
        good = all(answer.is_good for answer in answers)
        seen = Observation(
            Sight.MATCHES if good else Sight.DIFFERS,
            now={answer.url: answer.is_good for answer in answers},
            wanted=_wanted(wanted),
            said=asking.said_of(answers),
        )
        return Preview(seen, calls=tuple(("GET", "HTTP", url) for url in wanted.urls))

    def check(self, parameters: Facts) -> list[str]:
        return problems(Verification, parameters)


def _wish(wanted: Verification) -> Wish:
    return Wish(says=wanted.says, through_cdn=wanted.through_cdn, within=wanted.within_seconds)


def _wanted(wanted: Verification) -> Facts:
    return dict.fromkeys(wanted.urls, True)


def _doubted(wanted: Verification, doubting: Sequence[Witness]) -> Observation:
    first = doubting[0]
    return Observation(
        Sight.DIFFERS,
        now={url: url not in {one.url for one in doubting} for url in wanted.urls},
        wanted=_wanted(wanted),
        said=sentence(_("%(url)s is not well yet from %(place)s."), url=first.url, place=first.place),
    )


def _verified(wanted: Verification, first: datetime, last: datetime, others: Sequence[Witness]) -> Observation:
    """Users are served everywhere from the latest of the first good answers on."""
    began = [one.good_since for one in others if one.good_since is not None]
    first_good_at = max([first, *(at for at in began if at <= last)])
    return Observation(
        Sight.MATCHES,
        now=_wanted(wanted),
        wanted=_wanted(wanted),
        said=sentence(_("Users are served: %(times)s good answers in a row."), times=wanted.successes),
        extra={
            "first_good_at": first_good_at.isoformat(),
            "verified_at": last.isoformat(),
            "places": sorted({settings.DR_PROBE_LOCATION, *(one.place for one in others)}),
        },
    )
