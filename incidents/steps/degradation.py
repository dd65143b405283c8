"""Set the degradation level: tell everybody, write it to the settings store, and look whether the product obeys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _
from pydantic import Field

from dr_console.errors import ProviderError
from dr_console.plans.schema import Minutes, PlanPart, Whole, said
from dr_console.providers import registry as providers
from dr_console.providers.capabilities.probe import Failure, JsonCheck, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import probe_now
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Preview, Sight, StepFunction, Warning
from dr_console.web.sentences import Sentence, Texts, sentence
from incidents.models import DegradationLevel
from incidents.queries.degradation import in_every_language, in_force, product_url
from incidents.services import degradation
from incidents.steps.parameters import problems, read

# What users are told waits for no vendor longer than that.
LOOK_SECONDS = 3.0
UNKNOWN = "?"
MOST = 9


class Level(PlanPart):
    level: Annotated[Whole, Field(ge=0, le=MOST)] = said(_("Level"), _("Degradation level that is to be set."))
    minutes: Minutes | None = said(
        _("Minutes"), _("After so long it is put back by itself. Empty: when somebody does it."), default=None
    )
    until: str | None = said(_("Until"), _("Moment at which it is put back by itself, ISO 8601."), default=None)


@dataclass(frozen=True)
class Seen:
    """The level as it is announced, as the settings store has it, and as the product says; None: nobody can tell."""

    announced: int
    announced_until: datetime | None
    stored: Any
    obeyed: int | None
    store_answers: bool
    why_not: Sentence


class SetLevel(StepFunction):
    """What users are told (/degradation.json) is changed first: it does not depend on any vendor."""

    name = "degradation.set_level"
    idempotency: ClassVar[Idempotency] = Idempotency.NATURAL_SET
    call_seconds: ClassVar[float] = 10.0
    verify_seconds: ClassVar[float] = 45.0

    def observe(self, context: Context) -> Observation:
        level = read(Level, context.parameters).level
        if context.is_practice and settings.DR_MODE == "live":
            # Whatever a drill does elsewhere: real users are told nothing that is not so.
            return Observation(Sight.MATCHES, said=sentence(_("A drill does not change the level of real users.")))
        seen = _look(level, context.deadline)
        is_so = seen.announced == level and _until_fits(seen, context) and _level_of(seen.stored) == level
        return Observation(
            Sight.MATCHES if is_so and seen.obeyed in (level, None) else Sight.DIFFERS,
            now=_shown(seen.announced, _level_of(seen.stored), seen.obeyed),
            wanted=_shown(level, level, level),
            said=_said(seen, level),
            before=_kept(seen),
        )

    def act(self, context: Context) -> Facts:
        wanted = read(Level, context.parameters)
        change = degradation.announce(
            wanted.level,
            token=context.token,
            run_code=context.run_code,
            until=_until(wanted),
            context=context.context,
            is_practice=context.is_practice,
        )
        providers.settings_store().write({settings.DR_DEGRADATION_KEY: wanted.level}, deadline=context.deadline)
        return {"change": change.pk, "written": {settings.DR_DEGRADATION_KEY: wanted.level}}

    def verify(self, context: Context) -> Observation:
        level = read(Level, context.parameters).level
        seen = _look(level, context.deadline)
        if seen.obeyed == level:
            degradation.confirm(context.token)
        is_so = seen.announced == level and _level_of(seen.stored) == level and seen.obeyed in (level, None)
        return Observation(
            Sight.MATCHES if is_so else Sight.DIFFERS,
            now=_shown(seen.announced, _level_of(seen.stored), seen.obeyed),
            wanted=_shown(level, level, level),
            said=_said(seen, level),
        )

    def undo_observe(self, context: Context) -> Observation:
        before = context.before or {}
        level = int(before.get("announced", 0))
        # The store may have said something else than was announced: both are put back as they were.
        stored = before.get("stored") if before.get("store_answers") else level
        obeyed = _level_of(stored) or 0
        seen = _look(obeyed, context.deadline)
        is_back = seen.announced == level and seen.stored == stored and seen.obeyed in (obeyed, None)
        return Observation(
            Sight.MATCHES if is_back else Sight.DIFFERS,
            now=_shown(seen.announced, _level_of(seen.stored), seen.obeyed),
            wanted=_shown(level, _level_of(stored), obeyed),
            said=_said(seen, obeyed),
        )

    def undo(self, context: Context) -> Facts:
        before = context.before or {}
        level, key = int(before.get("announced", 0)), settings.DR_DEGRADATION_KEY
        degradation.announce(
            level,
            token=f"{context.token}:undo"[-120:],
            run_code=context.run_code,
            until=_moment(before.get("announced_until")),
            context={**context.context, "origin": "undo"},
            is_practice=context.is_practice,
        )
        store = providers.settings_store()
        if before.get("store_answers") and before.get("stored") is None:
            store.delete(key, deadline=context.deadline)
            return {"deleted": key}
        value = before["stored"] if before.get("store_answers") else level
        store.write({key: value}, deadline=context.deadline)
        return {"written": {key: value}}

    def preview(self, context: Context) -> Preview:
        level = read(Level, context.parameters).level
        seen = self.observe(context)
        if seen.sight is Sight.MATCHES:
            return Preview(seen, seconds=0.5)
        call = ("PATCH", "Vercel", f"global-config items {settings.DR_DEGRADATION_KEY}={level}")
        back = sentence(_("Level %(level)s is set again."), level=seen.now["announced"])
        return Preview(seen, calls=(call,), undo=back, warnings=tuple(_warnings(level)), seconds=3.0)

    def check(self, parameters: Facts) -> list[str]:
        return problems(Level, parameters)

    def resources(self, parameters: Facts, context: Facts) -> list[str]:
        return ["degradation"]


def _look(wanted: int, deadline: Deadline) -> Seen:
    """All three, also where the settings store does not answer: what users are told must not wait for it."""
    now_in_force = in_force()
    until = now_in_force.change.until if now_in_force.change else None
    why: Sentence = {}
    stored, answers, key = None, True, settings.DR_DEGRADATION_KEY
    try:
        kept = providers.settings_store().items(deadline=deadline.no_later_than(LOOK_SECONDS)).get(key)
        stored = kept.value if kept else None
    except ProviderError as error:
        answers, why = False, sentence(_("The settings store does not answer: %(why)s"), why=str(error))
    obeyed, why_not = _asked(wanted, deadline)
    return Seen(now_in_force.level, until, stored, obeyed, answers, why or why_not)


def _asked(wanted: int, deadline: Deadline) -> tuple[int | None, Sentence]:
    """Which level the product says it is at; None, and why, if it does not say."""
    url = product_url()
    if not url:
        return None, sentence(_("Nobody knows where to ask the product for its level."))
    target = Target(url, statuses=(200, 599), json=JsonCheck(settings.DR_DEGRADATION_KEY, wanted))
    result = probe_now(target, deadline=deadline.no_later_than(LOOK_SECONDS))
    if result.ok:
        return wanted, {}
    says = result.said.removeprefix(f"{settings.DR_DEGRADATION_KEY} is ")
    if result.failure is Failure.BODY and says != result.said and says.isdecimal():
        return int(says), {}
    return None, sentence(_("The product could not be asked: it may not have heard of it yet."))


def _level_of(stored: Any) -> int | None:
    """What the product makes of it: a number, or an object that has one."""
    value = stored.get("level") if isinstance(stored, dict) else stored
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return value if type(value) is int else None


def _shown(announced: int, stored: int | None, obeyed: int | None) -> Facts:
    return {"announced": announced, "settings store": stored, "product": UNKNOWN if obeyed is None else obeyed}


def _said(seen: Seen, level: int) -> Sentence:
    if seen.why_not:
        return seen.why_not
    if seen.obeyed == level:
        return sentence(_("The product is at level %(level)s."), level=level)
    return sentence(_("The product is at level %(level)s still."), level=seen.obeyed)


def _kept(seen: Seen) -> Facts:
    return {
        "announced": seen.announced,
        "announced_until": seen.announced_until.isoformat() if seen.announced_until else None,
        "stored": json.loads(json.dumps(seen.stored)),
        "store_answers": seen.store_answers,
    }


def _until(wanted: Level) -> datetime | None:
    if wanted.minutes is not None:
        return now() + timedelta(minutes=wanted.minutes)
    return _moment(wanted.until)


def _until_fits(seen: Seen, context: Context) -> bool:
    """Whether what is announced ends when it should. A plan's minutes begin with its own change."""
    wanted = read(Level, context.parameters)
    return wanted.minutes is None and seen.announced_until == _moment(wanted.until)


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _warnings(level: int) -> list[Warning]:
    plan = DegradationLevel.objects.current().filter(level=level).first()
    if plan is None:
        return [Warning(sentence(_("The plan has no degradation level %(level)s."), level=level), blocks=True)]
    off = ", ".join(plan.features_off)
    warnings = [Warning(sentence(_("Switched off: %(features)s."), features=off))] if off else []
    if plan.message:
        texts: Texts = in_every_language(plan, "message")
        warnings.append(Warning(sentence(_("Users are told: %(message)s"), message=texts)))
    return warnings
