"""Make the cold standby warm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext_noop as _

from dr_console.providers import registry as providers
from dr_console.providers.capabilities.functions import FunctionState
from dr_console.providers.capabilities.functions import Warmth as Readiness
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Preview, Sight, StepFunction, Warning
from dr_console.web.sentences import Sentence, sentence
from incidents.steps import asking
from incidents.steps.asking import Answer, Wish
from incidents.steps.parameters import Coolness, Warmth, problems, read


class WarmFunction(StepFunction):
    """Order instances that are kept warm, and ask until one answers well: that starts the first of them at once.

    The ordered ones take minutes; the one that was asked takes over meanwhile.
    """

    name = "failover.warm_function"
    idempotency: ClassVar[Idempotency] = Idempotency.NATURAL_SET
    call_seconds: ClassVar[float] = 20.0
    verify_seconds: ClassVar[float] = 180.0
    drill_safe: ClassVar[bool] = True

    def look_ahead(self, context: Context) -> Callable[[], FunctionState]:
        functions = providers.functions(read(Warmth, context.parameters).provider)
        return lambda: functions.state(deadline=context.deadline)

    def observe(self, context: Context) -> Observation:
        wanted = read(Warmth, context.parameters)
        state = context.ahead or providers.functions(wanted.provider).state(deadline=context.deadline)
        is_ordered = state.ordered >= wanted.instances and not state.is_stopped
        answers = asking.ask(wanted.urls, Wish(), deadline=context.deadline) if is_ordered else []
        matches = is_ordered and all(answer.is_good for answer in answers)
        return Observation(
            Sight.MATCHES if matches else Sight.DIFFERS,
            now={"ordered": state.ordered, "stopped": state.is_stopped, "version": state.version},
            wanted={"ordered": max(state.ordered, wanted.instances), "stopped": False, "version": state.version},
            said=_said(state, wanted, answers),
            before=_kept(state),
        )

    def act(self, context: Context) -> Facts:
        wanted = read(Warmth, context.parameters)
        functions = providers.functions(wanted.provider)
        state = functions.state(deadline=context.deadline)
        warmer = replace(
            state,
            ordered=max(state.ordered, wanted.instances),
            reserved=None if state.is_stopped else state.reserved,
        )
        return _kept(functions.put_back(warmer, deadline=context.deadline))

    def undo_observe(self, context: Context) -> Observation:
        wanted = read(Warmth, context.parameters)
        state = providers.functions(wanted.provider).state(deadline=context.deadline)
        now, then = _settings(state), _settings(_state(context.before or {}))
        return Observation(Sight.MATCHES if now == then else Sight.DIFFERS, now=now, wanted=then)

    def undo(self, context: Context) -> Facts:
        wanted = read(Warmth, context.parameters)
        before = _state(context.before or {})
        return _kept(providers.functions(wanted.provider).put_back(before, deadline=context.deadline))

    def preview(self, context: Context) -> Preview:
        """Without asking the function itself, which would start an instance: that is no mere look."""
        wanted = read(Warmth, context.parameters)
        state = providers.functions(wanted.provider).state(deadline=context.deadline)
        warm = state.ordered >= wanted.instances and not state.is_stopped
        seen = Observation(
            Sight.MATCHES if warm else Sight.DIFFERS,
            now={"ordered": state.ordered, "stopped": state.is_stopped, "version": state.version},
            wanted={"ordered": max(state.ordered, wanted.instances), "stopped": False, "version": state.version},
            said=_said(state, wanted, []),
            before=_kept(state),
        )
        call = ("PUT", "AWS Lambda", f"{state.name}:{state.alias} ProvisionedConcurrentExecutions={wanted.instances}")
        costs = Warning(sentence(_("Warm instances cost money until they are put back.")))
        return Preview(
            seen,
            calls=() if warm else (call,),
            undo={}
            if warm
            else sentence(_("As many instances are kept warm as now: %(ordered)s."), ordered=state.ordered),
            warnings=() if warm else (costs,),
            seconds=15.0,
        )

    def check(self, parameters: Facts) -> list[str]:
        return problems(Warmth, parameters)

    def resources(self, parameters: Facts, context: Facts) -> list[str]:
        return [f"function:{read(Warmth, parameters).provider}"]


class PutFunctionBack(StepFunction):
    """The standby is what it was before it was made warm, so that nothing is paid for that nobody uses."""

    name = "failover.put_function_back"
    idempotency: ClassVar[Idempotency] = Idempotency.NATURAL_SET
    call_seconds: ClassVar[float] = 20.0
    drill_safe: ClassVar[bool] = True

    def observe(self, context: Context) -> Observation:
        provider = read(Coolness, context.parameters).provider
        state = providers.functions(provider).state(deadline=context.deadline)
        now, then = _settings(state), _settings(_before(state, context))
        said = sentence(_("Of the function %(name)s %(ordered)s instances are kept warm."), **_counted(state))
        matches = Sight.MATCHES if now == then else Sight.DIFFERS
        return Observation(matches, now=now, wanted=then, said=said, before=_kept(state))

    def act(self, context: Context) -> Facts:
        functions = providers.functions(read(Coolness, context.parameters).provider)
        state = functions.state(deadline=context.deadline)
        return _kept(functions.put_back(_before(state, context), deadline=context.deadline))

    def undo_observe(self, context: Context) -> Observation:
        state = providers.functions(read(Coolness, context.parameters).provider).state(deadline=context.deadline)
        now, then = _settings(state), _settings(_state(context.before or {}))
        return Observation(Sight.MATCHES if now == then else Sight.DIFFERS, now=now, wanted=then)

    def undo(self, context: Context) -> Facts:
        functions = providers.functions(read(Coolness, context.parameters).provider)
        return _kept(functions.put_back(_state(context.before or {}), deadline=context.deadline))

    def preview(self, context: Context) -> Preview:
        seen = self.observe(context)
        changes = seen.sight is not Sight.MATCHES
        call = ("PUT", "AWS Lambda", f"ProvisionedConcurrentExecutions={seen.wanted['ordered']}")
        undo = sentence(_("As many instances are kept warm as now: %(ordered)s."), ordered=seen.now["ordered"])
        return Preview(seen, calls=(call,) if changes else (), undo=undo if changes else {}, seconds=2.0)

    def check(self, parameters: Facts) -> list[str]:
        return problems(Coolness, parameters)

    def resources(self, parameters: Facts, context: Facts) -> list[str]:
        return [f"function:{read(Coolness, parameters).provider}"]


def _before(state: FunctionState, context: Context) -> FunctionState:
    """What it was before the failover; where that is not known, none are kept warm."""
    kept = (context.context.get("kept") or {}).get("function")
    return _state(kept) if kept else replace(state, ordered=0)


def _counted(state: FunctionState) -> Facts:
    return {"name": state.name, "ordered": state.ordered}


def _said(state: FunctionState, wanted: Warmth, answers: list[Answer]) -> Sentence:
    if state.is_stopped:
        return sentence(_("The function %(name)s is stopped."), name=state.name)
    if state.ordered < wanted.instances:
        text = _("Of the function %(name)s %(ordered)s instances are kept warm, and %(wanted)s are wanted.")
        return sentence(text, name=state.name, ordered=state.ordered, wanted=wanted.instances)
    if any(not answer.is_good for answer in answers):
        return asking.said_of(answers)
    return sentence(_("The function %(name)s is warm, or becomes so."), name=state.name)


def _kept(state: FunctionState) -> Facts:
    return {**asdict(state), "warmth": state.warmth.value, "modified_at": state.modified_at.isoformat()}


def _state(kept: Facts) -> FunctionState:
    return FunctionState(
        **{
            **kept,
            "warmth": Readiness(kept["warmth"]),
            "modified_at": datetime.fromisoformat(kept["modified_at"]),
        }
    )


def _settings(state: FunctionState) -> Facts:
    """What `put_back` puts back."""
    return {"version": state.version, "reserved": state.reserved, "ordered": state.ordered}
