"""Look before anything is changed: whether it still fails, whether the primary is well, whether the standby is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.runs.models import Run
from dr_console.runs.registry import Context, Facts, Observation, Preview, Sight, StepFunction, Warning
from dr_console.web.sentences import sentence
from incidents.queries import witnesses
from incidents.steps import asking
from incidents.steps.asking import Answer, Row, Wish
from incidents.steps.parameters import Check, Standby, problems, read

ANY = Wish()
# So often in a row it has to answer well to be called well.
TIMES = 3


class _Look(StepFunction):
    only_looks: ClassVar[bool] = True
    call_seconds: ClassVar[float] = 15.0
    drill_safe: ClassVar[bool] = True

    def check(self, parameters: Facts) -> list[str]:
        return problems(Check, parameters)


class ConfirmFailure(_Look):
    """Whether users are still failed. What the health checks have just seen needs no further look, which takes time."""

    name = "failover.confirm_failure"

    def observe(self, context: Context) -> Observation:
        wanted = read(Check, context.parameters)
        for one in witnesses.of(wanted.urls, also_here=True):
            if one.is_down and one.bad_streak:
                said = sentence(_("%(url)s is down, seen from %(place)s."), url=one.url, place=one.place)
                return Observation(Sight.MATCHES, now={"failing": True}, wanted={"failing": True}, said=said)
        row = asking.in_a_row(wanted.urls, ANY, times=TIMES, deadline=context.deadline)
        if row.bad:
            said = asking.said_of(row.answers)
            return Observation(Sight.MATCHES, now={"failing": True}, wanted={"failing": True}, said=said)
        return _no_failure(context)

    def preview(self, context: Context) -> Preview:
        wanted = read(Check, context.parameters)
        seen = self.observe(context)
        warnings = []
        if not seen.now["failing"]:
            text = _("Users are served well now: the run would end at this step, and change nothing.")
            warnings.append(Warning(sentence(text)))
        return Preview(seen, calls=_asks(wanted.urls), warnings=tuple(warnings), seconds=1.0)


class CheckPrimary(_Look):
    """Of a failover: end it when the primary answers. Of a failback: go on only once it has been well long enough."""

    name = "failover.check_primary"

    def observe(self, context: Context) -> Observation:
        wanted = read(Check, context.parameters)
        row = asking.in_a_row(wanted.urls, ANY, times=TIMES, deadline=context.deadline)
        if wanted.stop_when_healthy:
            return _no_failure(context) if not row.bad else _gone_on(row)
        if row.bad or row.first_good_at is None:
            return Observation(Sight.DIFFERS, now=_well(row), wanted={"well": True}, said=asking.said_of(row.answers))
        if wanted.healthy_minutes and not _is_forced(context):
            return _well_for(wanted)
        said = sentence(_("All answer well."))
        return Observation(Sight.MATCHES, now={"well": True}, wanted={"well": True}, said=said)

    def preview(self, context: Context) -> Preview:
        wanted = read(Check, context.parameters)
        seen = self.observe(context)
        warnings = []
        if wanted.stop_when_healthy and seen.now.get("failing") is False:
            text = _("The primary answers well: the run would end at this step, and change nothing.")
            warnings.append(Warning(sentence(text)))
        elif not wanted.stop_when_healthy and seen.sight is not Sight.MATCHES:
            warnings.append(Warning(seen.said, blocks=True))
        return Preview(seen, calls=_asks(wanted.urls), warnings=tuple(warnings), seconds=1.0)


class CheckStandby(_Look):
    """What is to take over answers well, before anybody is led there."""

    name = "failover.check_standby"

    def look_ahead(self, context: Context) -> Callable[[], list[Answer]]:
        wanted = read(Standby, context.parameters)
        return lambda: asking.ask(wanted.urls, ANY, deadline=context.deadline)

    def observe(self, context: Context) -> Observation:
        wanted = read(Standby, context.parameters)
        answers = context.ahead or asking.ask(wanted.urls, ANY, deadline=context.deadline)
        good = all(answer.is_good for answer in answers)
        return Observation(
            Sight.MATCHES if good else Sight.DIFFERS,
            now={answer.url: answer.is_good for answer in answers},
            wanted=dict.fromkeys(wanted.urls, True),
            said=asking.said_of(answers),
        )

    def preview(self, context: Context) -> Preview:
        wanted = read(Standby, context.parameters)
        seen = self.observe(context)
        blocked = (Warning(seen.said, blocks=True),) if seen.sight is not Sight.MATCHES else ()
        return Preview(seen, calls=_asks(wanted.urls), warnings=blocked, seconds=1.0)

    def check(self, parameters: Facts) -> list[str]:
        return problems(Standby, parameters)


class SwitchEndpoint(CheckStandby):
    """The backup API endpoint runs all the time: it takes over once it is seen to answer, and names lead to it."""

    name = "failover.switch_endpoint"


class SwitchCdn(CheckStandby):
    """So does the backup CDN."""

    name = "failover.switch_cdn"


def _asks(urls: list[str]) -> tuple[tuple[str, str, str], ...]:
    return tuple(("GET", "HTTP", url) for url in urls)


def _is_forced(context: Context) -> bool:
    return bool(context.context.get("verb") == Run.Verb.FORCE)


def _no_failure(context: Context) -> Observation:
    """Nothing is wrong: there is no reason to go on, unless a person has said that there is one."""
    if _is_forced(context):
        said = sentence(_("Users are served well; it goes on all the same, as it was forced."))
        return Observation(Sight.MATCHES, now={"failing": False}, wanted={"failing": True}, said=said)
    said = sentence(_("Users are served well: there is no need to go on."))
    return Observation(Sight.NOT_NEEDED, now={"failing": False}, wanted={"failing": True}, said=said)


def _gone_on(row: Row) -> Observation:
    said = asking.said_of(row.answers)
    return Observation(Sight.MATCHES, now={"failing": True}, wanted={"failing": True}, said=said)


def _well(row: Row) -> Facts:
    return {"well": not row.bad}


def _well_for(wanted: Check) -> Observation:
    """As long as every place says that has watched it; if none has, nobody knows."""
    seen = witnesses.of(wanted.urls, also_here=True)
    since = [one.good_since for one in seen]
    minutes = wanted.healthy_minutes
    facts = {"well": True, "for_minutes": minutes}
    if not seen:
        said = sentence(_("How long it has been well is not known: no health check has watched it."))
        return Observation(Sight.DIFFERS, now={"well": True, "watched": False}, wanted=facts, said=said)
    began = max((at for at in since if at is not None), default=None)
    if None in since or began is None or now() - began < timedelta(minutes=minutes):
        text = _("It has to have been well for %(minutes)s minutes, and has been for %(so_far)s.")
        so_far = int((now() - began).total_seconds() // 60) if began and None not in since else 0
        said = sentence(text, minutes=minutes, so_far=so_far)
        return Observation(Sight.DIFFERS, now={"well": True, "for_minutes": 0}, wanted=facts, said=said)
    said = sentence(_("It has been well for %(minutes)s minutes and more."), minutes=minutes)
    return Observation(Sight.MATCHES, now=facts, wanted=facts, said=said)
