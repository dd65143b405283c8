"""A process dies, or sleeps through its lease, at each point of a step; and each guard taken out is missed.

The process is the test's own: at the point it is left as a killed one leaves things, or somebody else takes over and
it then goes on. Real processes are killed in tests/chaos.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.utils.timezone import now

from dr_console.runs import events, executor, points, registry
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Sight, StepFunction
from tests.chaos.mutations import MUTATIONS
from tests.runs.acting import drive, kinds, lost, put, start, step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
S, R = Step.State, Run.State


class Killed(BaseException):
    """What the kernel does to a process."""


class Shop:
    """A vendor at which everything that is ordered comes, twice if it is ordered twice, and shows a little later."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.lag = 0
        self.fails: list[BaseException] = []

    def shown(self) -> list[str]:
        """What a reader sees, who misses the newest order for so many looks."""
        if self.lag:
            self.lag -= 1
            return self.orders[:-1]
        return self.orders

    def order(self, token: str, *, knows_tokens: bool = False) -> None:
        if not (knows_tokens and token in self.orders):
            self.orders.append(token)
        if self.fails:
            raise self.fails.pop(0)


shop = Shop()


class Order(StepFunction):
    name = "test.order"
    idempotency = Idempotency.TAG_SEARCH
    verify_seconds: ClassVar[float] = 1.0
    knows_tokens = False

    def observe(self, context: Context) -> Observation:
        return Observation(Sight.MATCHES if context.token in shop.shown() else Sight.ABSENT, before={})

    def act(self, context: Context) -> Facts:
        shop.order(context.token, knows_tokens=self.knows_tokens)
        return {}


class OrderOnce(Order):
    name = "test.order_once"
    idempotency = Idempotency.CLIENT_TOKEN
    knows_tokens = True


class OrderNamed(Order):
    name = "test.order_named"
    idempotency = Idempotency.NAMED_CREATE


class Shout(Order):
    """Nobody can see later whether it was heard."""

    name = "test.shout"
    idempotency = Idempotency.NONE

    def observe(self, context: Context) -> Observation:
        return Observation(Sight.MATCHES if context.effect is not None else Sight.UNKNOWABLE, before={})


registry.register(Order, OrderOnce, OrderNamed, Shout)
CLASSES = ("test.order", "test.order_once", "test.order_named", "test.shout")


@pytest.fixture(autouse=True)
def fresh() -> Any:
    shop.__init__()  # type: ignore[misc]
    yield
    points.tell(None)


def lease_over(run: Run) -> None:
    Step.objects.filter(run=run, state=S.RUNNING).update(lease_until=now() - timedelta(seconds=1))


def once_at(point: str, then: Any) -> None:
    """Call `then` the first time that a step comes to this point."""

    def visitor(here: str, key: str) -> None:
        if here == point:
            points.tell(None)
            then()

    points.tell(visitor)


def killed_at(run: Run, point: str) -> None:
    def die() -> None:
        raise Killed

    once_at(point, die)
    with pytest.raises(Killed):
        executor.carry_out(step(run, "a").pk)
    lease_over(run)
    drive(run) if executor.carry_out(step(run, "a").pk) else None


def frozen_at(run: Run, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes over and finishes; then this one goes on, and believes it still has its step."""

    def sleep_through() -> None:
        # The clock that leases are measured by goes on in one's sleep.
        later = monkeypatch.context()
        with later as patch:
            patch.setattr("dr_console.runs.owners._claimed", lambda process, data: "elsewhere:2-ffff")
            lease_over(run)
            executor.carry_out(step(run, "a").pk)
        monkeypatch.setattr("dr_console.runs.leases.Lease.left", lambda self: 0.0)

    once_at(point, sleep_through)
    executor.carry_out(step(run, "a").pk)
    monkeypatch.undo()
    drive(run)


@pytest.mark.parametrize("does", CLASSES)
@pytest.mark.parametrize("point", points.POINTS)
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_at_every_point_of_every_class_nothing_is_done_twice(how, point, does, monkeypatch):
    run = start(put("a", does=does, attempts=3))
    killed_at(run, point) if how == "killed" else frozen_at(run, point, monkeypatch)
    run.refresh_from_db()
    assert max(Counter(shop.orders).values(), default=0) <= 1
    if does == "test.shout" and point in ("intended", "acted"):
        # It was about to be said, and nobody can tell whether it was: a person has to look.
        assert (step(run, "a").state, run.state) == (S.UNKNOWN, R.PAUSED_BY_FAILED_STEP)
    else:
        assert (run.state, len(shop.orders)) == (R.SUCCEEDED, 1)
    assert events.first_broken(run) is None


# --- Each guard is needed --------------------------------------------------------------------------
def killed_after_the_act() -> bool:
    run = start(put("a", does="test.order", attempts=3))
    killed_at(run, "acted")
    return shop.orders == [f"{run.code}:a:1"]


def lost_answer_that_shows_later(monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(Order, "settle_seconds", 30.0)
    run = start(put("a", does="test.order", attempts=3))
    shop.fails = [lost()]
    executor.carry_out(step(run, "a").pk)
    shop.lag = 1  # as long as it has not settled
    Step.objects.filter(run=run).update(not_before=now())
    executor.carry_out(step(run, "a").pk)
    return len(shop.orders) == 1


def killed_while_shouting() -> bool:
    run = start(put("a", does="test.shout", attempts=3))
    killed_at(run, "acted")
    return len(shop.orders) == 1


def two_at_once() -> bool:
    run = start(put("a", does="test.order", attempts=3))
    pk = step(run, "a").pk
    taken = []
    once_at("observed", lambda: taken.append(executor.carry_out(pk)))
    executor.carry_out(pk)
    return taken == [False]


def frozen_before_the_act(monkeypatch: pytest.MonkeyPatch) -> bool:
    run = start(put("a", does="test.order", attempts=3))
    frozen_at(run, "observed", monkeypatch)
    return len(shop.orders) == 1


def one_after_the_other() -> bool:
    run = start(put("a"), put("b", "a"))
    return [one.state for one in run.steps.all()] == [S.READY, S.PENDING]


def effect_that_shows_later() -> bool:
    run = start(put("a", does="test.order", attempts=3))
    shop.lag = 0
    once_at("recorded", lambda: setattr(shop, "lag", 2))
    drive(run)
    return len(shop.orders) == 1 and run.state == R.SUCCEEDED and "intended" in kinds(run)


def killed_at_the_beginning() -> bool:
    run = start(put("a", does="test.order", attempts=3))
    killed_at(run, "claimed")
    run.refresh_from_db()
    return run.state == R.SUCCEEDED


SCENES = {
    "without_observe": killed_after_the_act,
    "without_settle": lost_answer_that_shows_later,
    "without_intent": killed_while_shouting,
    "without_lease": two_at_once,
    "without_fence": frozen_before_the_act,
    "without_dependencies": one_after_the_other,
    "verify_reacts": effect_that_shows_later,
    "without_orphans": killed_at_the_beginning,
}


def played(name: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    scene: Any = SCENES[name]
    return bool(scene(monkeypatch) if scene.__code__.co_argcount else scene())


@pytest.mark.parametrize("name", MUTATIONS)
def test_with_all_guards_the_scene_ends_well(name, monkeypatch):
    assert played(name, monkeypatch)


@pytest.mark.parametrize("name", MUTATIONS)
def test_without_the_guard_it_does_not(name):
    with pytest.MonkeyPatch.context() as kept, pytest.MonkeyPatch.context() as scene:
        MUTATIONS[name](kept.setattr)
        assert not played(name, scene)
