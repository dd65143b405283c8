"""A small world and step functions that change it, for tests of the engine: every fault of a vendor on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

from django.utils.timezone import now

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.runs import executor, registry, services
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Sight, StepFunction
from dr_console.runs.specs import RunSpec, StepSpec


@dataclass
class World:
    """What step functions see and change. `script`: what the next calls do, by "observe", "act", …; empty: go well."""

    things: dict[str, Any] = field(default_factory=dict)
    effects: list[tuple[str, Any]] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    script: dict[str, list[Any]] = field(default_factory=dict)
    during: dict[str, Callable[[Context], object]] = field(default_factory=dict)

    def meet(self, moment: str, context: Context) -> Any:
        """Carry out what the test has written for this moment: raise an error, or give the word that stands there."""
        if moment in self.during:
            self.during[moment](context)
        planned = self.script.get(moment)
        now = planned.pop(0) if planned else None
        if isinstance(now, BaseException):
            raise now
        return now


world = World()


def new_world() -> World:
    global world
    world.__init__()  # type: ignore[misc]
    return world


class Put(StepFunction):
    """Make `things[name]` be `value`."""

    name = "test.put"
    settle_seconds: ClassVar[float] = 0.0
    verify_seconds: ClassVar[float] = 30.0

    def observe(self, context: Context) -> Observation:
        name, value = context.parameters["name"], context.parameters["value"]
        world.looks.append(name)
        word = world.meet("observe", context)
        found = world.things.get(name)
        sight = Sight(word) if word else Sight.MATCHES if found == value else Sight.DIFFERS
        return Observation(sight, now={"value": found}, wanted={"value": value}, before={"value": found})

    def act(self, context: Context) -> Facts:
        name, value = context.parameters["name"], context.parameters["value"]
        world.tokens.append(context.token)
        word = world.meet("act", context)
        if word != "nothing":
            world.things[name] = value
            world.effects.append((name, value))
        if isinstance(after := world.meet("after_act", context), BaseException):
            raise after
        return {"put": value}

    def undo_observe(self, context: Context) -> Observation:
        assert context.before is not None
        found, wanted = world.things.get(context.parameters["name"]), context.before["value"]
        world.meet("undo_observe", context)
        sight = Sight.MATCHES if found == wanted else Sight.DIFFERS
        return Observation(sight, now={"value": found}, wanted={"value": wanted})

    def undo(self, context: Context) -> Facts:
        assert context.before is not None
        world.meet("undo", context)
        world.things[context.parameters["name"]] = context.before["value"]
        world.effects.append((context.parameters["name"], context.before["value"]))
        return {}

    def resources(self, parameters: Facts, context: Facts) -> list[str]:
        return [f"thing:{parameters['name']}"]


class Message(Put):
    """Something that is never to happen twice, and that cannot be taken back."""

    name = "test.message"
    idempotency = Idempotency.NONE
    irreversible = True


class Settling(Put):
    name = "test.settling"
    idempotency = Idempotency.TAG_SEARCH
    settle_seconds = 30.0


class Watch(StepFunction):
    """Wait until `things[name]` is `value`."""

    name = "test.watch"
    only_looks = True

    def observe(self, context: Context) -> Observation:
        world.looks.append(context.key)
        word = world.meet("watch", context)
        found = world.things.get(context.parameters.get("name", ""))
        is_so = found == context.parameters.get("value")
        return Observation(Sight(word) if word else Sight.MATCHES if is_so else Sight.DIFFERS, now={"value": found})


registry.register(Put, Message, Settling, Watch)


def put(key: str, *after: str, value: Any = "new", does: str = "test.put", **fields: Any) -> StepSpec:
    return StepSpec(key=key, does=does, parameters={"name": key, "value": value}, depends_on=after, **fields)


def watch(key: str, *after: str, **fields: Any) -> StepSpec:
    return StepSpec(key=key, does="test.watch", parameters={"name": key, "value": "up"}, depends_on=after, **fields)


def spec(*steps: StepSpec, subject: str = "service:api", **fields: Any) -> RunSpec:
    return RunSpec(kind=Run.Kind.FAILOVER, subject=subject, titles={"en": "Test"}, steps=steps, **fields)


def start(*steps: StepSpec, **fields: Any) -> Run:
    """Started, and nothing carried out yet."""
    run, is_new = services.start_run(spec(*steps, **fields), by=None, trigger=Run.Trigger.AUTOMATIC)
    assert is_new
    return run


def step(run: Run, key: str) -> Step:
    return Step.objects.get(run=run, key=key)


def states(run: Run) -> dict[str, str]:
    return dict(Step.objects.filter(run=run).values_list("key", "state"))


def refused(**fields: Any) -> ProviderError:
    return ProviderError("Cloudflare", "change the record", Problem.REFUSED, status=400, permanent=True, **fields)


def unreachable() -> ProviderError:
    return ProviderError("Cloudflare", "change the record", Problem.UNREACHABLE)


def lost() -> ProviderError:
    """Sent, and no answer: it may have happened."""
    return ProviderError("Cloudflare", "change the record", Problem.TIMED_OUT, outcome=Outcome.UNKNOWN)


def throttled(seconds: float | None) -> ProviderError:
    return ProviderError("Cloudflare", "change the record", Problem.THROTTLED, status=429, retry_after=seconds)


def drive(run: Run) -> Run:
    """Carry out whatever is due, and what waits for its next try as if the time had come, until nothing is."""
    for _ in range(50):
        waiting = Step.objects.filter(run=run, state=Step.State.RETRY_WAIT)
        waiting.update(not_before=now())
        due = Step.objects.filter(run=run, state__in=("ready", "retry_wait")).values_list("pk", flat=True)
        if not [pk for pk in due if executor.carry_out(pk)]:
            break
    run.refresh_from_db()
    return run


def orphan(run: Run, key: str, **fields: Any) -> Step:
    """The step as a worker leaves it that was killed: its lease is over."""
    one = step(run, key)
    gone = {"state": "running", "phase": "act", "owner": "elsewhere:1-abc", "fence": one.fence + 1, "attempt": 1}
    gone |= {"lease_until": now() - timedelta(seconds=1), "started_at": now(), "deadline": now() + timedelta(minutes=1)}
    Step.objects.filter(pk=one.pk).update(**{**gone, **fields})
    return step(run, key)


def kinds(run: Run) -> list[str]:
    return list(run.events.values_list("kind", flat=True))
