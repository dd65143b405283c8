"""Every scenario of the sandbox, as real health checks see it: what is concluded, and what is started."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import current_app
from django.db import connection

from dr_console.runs.models import Run
from incidents.models import BlockedTrigger, DecisionState, FailoverPlan, Incident
from incidents.services import deciding
from incidents.watching.loop import Watch
from tests import make
from tests.providers.conftest import held, in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["held", "in_sandbox"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database, pytest.mark.usefixtures("held")]


@pytest.fixture
def world(in_sandbox: Sandbox, settings: Any, tmp_path: Any) -> Iterator[Sandbox]:
    settings.DR_DATA_DIR = tmp_path
    settings.DR_PROBE_INTERVAL_SECONDS = 0.5
    settings.DR_PROBE_TIMEOUT_SECONDS = 0.4
    make.plan()
    in_sandbox.reset(speed=1)
    # Runs are started here, and carried out by nobody: there is no worker.
    current_app.conf.task_always_eager = False
    yield in_sandbox
    current_app.conf.task_always_eager = True


def watching(story: Callable[[], None], *, seconds: float = 30) -> None:
    """Let the real loop run while the story is told beside it."""

    async def all_of_it() -> None:
        watch = Watch("here", after_round=(deciding.consider,))
        running = asyncio.create_task(watch.run())
        try:
            await asyncio.wait_for(asyncio.to_thread(_closing, story), seconds)
        finally:
            watch.stop()
            await asyncio.wait_for(running, 15)

    asyncio.run(all_of_it())


def _closing(story: Callable[[], None]) -> None:
    try:
        story()
    finally:
        connection.close()


def until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not is_so():
        state = DecisionState.objects.first()
        assert time.monotonic() < ends, state and state.diagnosis
        time.sleep(0.05)


def concluded() -> str:
    state = DecisionState.objects.first()
    return str(state.diagnosis.get("kind", "")) if state else ""


def is_well() -> bool:
    return concluded() == "well"


def break_it(world: Sandbox, scenario: str, **parameters: Any) -> None:
    world.post("/scenarios", {"name": scenario, "parameters": parameters})


@pytest.mark.parametrize(
    ("scenario", "parameters", "failure", "plan"),
    [
        ("api-errors", {}, "api_errors", "api-errors-to-backup-api"),
        ("cdn-outage", {}, "cdn_failure", "cdn-failure-to-backup-cdn"),
        ("region-outage", {"how": "reset"}, "region_failure", "region-failure-to-backup-region"),
        ("region-outage", {"how": "timeout"}, "region_failure", "region-failure-to-backup-region"),
        ("slow-recovery", {}, "region_failure", "region-failure-to-backup-region"),
    ],
)
def test_this_is_noticed_for_what_it_is_and_answered(world, scenario, parameters, failure, plan):
    def story() -> None:
        until(is_well)
        break_it(world, scenario, **parameters)
        broken_at = time.monotonic()
        until(Run.objects.exists)
        took.append(time.monotonic() - broken_at)

    took: list[float] = []
    watching(story)
    incident = Incident.objects.get()
    assert incident.failure == failure, incident.diagnosis
    assert incident.severity == "P0"
    assert incident.diagnosis["supported_by"] == ["here"]
    assert Run.objects.get().plan_key == plan
    # At half a second between rounds. Where the standby is slow it may not be ready at the first look.
    assert took[0] < (15 if scenario == "slow-recovery" else 5)


def test_a_console_that_is_cut_off_acts_on_nothing(world):
    def story() -> None:
        until(is_well)
        break_it(world, "console-isolated")
        until(lambda: BlockedTrigger.objects.filter(blocker="cut_off", ended_at=None).exists())
        time.sleep(2)
        assert concluded() == "cut_off"
        world.post("/heal")
        until(is_well)

    watching(story)
    assert not Incident.objects.exists()
    assert not Run.objects.exists()
    assert not BlockedTrigger.objects.filter(ended_at=None).exists()


def test_what_comes_and_goes_is_left_to_people(world):
    """The first times nothing could be started; then it is known that it comes and goes."""

    def story() -> None:
        until(is_well)
        for _ in range(2):
            break_it(world, "region-outage", how="reset")
            until(lambda: concluded() == "region_failure")
            world.post("/heal")
            until(is_well)
        FailoverPlan.objects.filter(fails_back="").exclude(failure="manual").update(automatic=True)
        break_it(world, "region-outage", how="reset")
        until(lambda: BlockedTrigger.objects.filter(blocker="flapping", ended_at=None).exists())
        time.sleep(1)

    FailoverPlan.objects.update(automatic=False)
    watching(story)
    assert not Run.objects.exists()


def test_the_loss_of_a_standby_is_an_incident_without_a_failover(world):
    def story() -> None:
        until(is_well)
        break_it(world, "region-outage", region="california", how="reset")
        until(Incident.objects.exists)
        time.sleep(1)
        world.post("/heal")
        until(lambda: Incident.objects.filter(status="mitigated").exists())

    watching(story)
    incident = Incident.objects.get()
    assert (incident.severity, incident.failure) == ("P2", "region_failure")
    assert not Run.objects.exists()


def test_a_vendor_whose_api_is_down_is_no_incident(world):
    def story() -> None:
        until(is_well)
        break_it(world, "vendor-down", vendor="cloudflare")
        time.sleep(3)
        assert is_well()

    watching(story)
    assert not Incident.objects.exists()
