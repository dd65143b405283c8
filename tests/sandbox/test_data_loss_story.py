"""Half an hour of data is gone, and is brought back by hand through our own clients, in the plan's five stages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dr_console.providers import registry
from dr_console.providers.capabilities.snapshots import Placement, Progress
from dr_console.providers.deadlines import Deadline
from tests.providers.conftest import in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["in_sandbox"]


@pytest.fixture
def deadline() -> Deadline:
    return Deadline.after(90)


@pytest.fixture
def world(in_sandbox: Sandbox) -> Sandbox:
    in_sandbox.reset(speed=1)
    in_sandbox.post("/clock", {"advance": 7_200})
    return in_sandbox


def lost(world: Sandbox) -> int:
    return int(world.get("/truth")["canaries"]["lost"])


def write_is_taken(world: Sandbox) -> bool:
    return httpx.post(f"{world.url}/edge/api.example.com/api/records").status_code == 201


def test_data_loss_from_break_to_switch_back(world: Sandbox, deadline: Deadline):
    snapshots, settings = registry.database_snapshots(), registry.settings_store()
    world.post("/scenarios", {"name": "data-loss", "parameters": {"seconds": 1800}})
    failed_at = world.get("/truth")["episodes"][0]["failed_at"]
    world.post("/clock", {"advance": 120})

    # 1 Assess: what is lost, and how far back can the database's log go?
    assert lost(world) == pytest.approx(1800, abs=2)
    before_the_loss = datetime.fromtimestamp(failed_at, UTC) - timedelta(seconds=1)
    source = snapshots.source(deadline=deadline)

    # 2 Isolate: stop writes, and keep the present state.
    settings.write({"degradation_level": {"level": 3, "incident": "INC-2026-002"}}, deadline=deadline)
    assert not write_is_taken(world)
    snapshots.create("dr-before-restore", deadline=deadline)
    world.post("/clock", {"advance": 1_800})
    assert snapshots.wait_until_ready("dr-before-restore", deadline=deadline).progress is Progress.READY

    # 3 Restore: beside the old one, and then in its place.
    snapshots.restore_to_time("gemini-db-restored", at=before_the_loss, placement=Placement(), deadline=deadline)
    world.post("/clock", {"advance": 3_600})
    snapshots.wait_until_instance_ready("gemini-db-restored", deadline=deadline)
    world.post("/product", {"database": "gemini-db-restored"})
    task = httpx.post(f"{world.url}/search/rebuild").json()["task"]
    world.post("/clock", {"advance": 180})

    # 4 Verify: what was lost at first is back. What was written between the loss and the stop is the price.
    assert httpx.get(f"{world.url}/search/tasks/{task}").json()["status"] == "succeeded"
    truth = world.get("/truth")["canaries"]
    assert 115 <= truth["lost"] <= 200  # as long as we took
    assert truth["rpo_seconds"] == pytest.approx(truth["lost"], abs=2)
    assert truth["oldest_lost"]["at"] >= failed_at - 300
    assert snapshots.source(deadline=deadline).name == source.name

    # 5 Switch back: writes are taken again, and users are well.
    settings.write({"degradation_level": {"level": 0}}, deadline=deadline)
    assert write_is_taken(world)
    world.post("/clock", {"advance": 120})
    truth = world.get("/truth")
    assert truth["users"]["error_rate"] == 0
    assert truth["doubles"] == []
    assert truth["canaries"]["newest"] > truth["canaries"]["newest_lost"]["number"]


def test_a_snapshot_restores_what_it_was_taken_of_and_no_more(world: Sandbox, deadline: Deadline):
    snapshots = registry.database_snapshots()
    snapshots.create("dr-hourly", deadline=deadline)
    world.post("/clock", {"advance": 1_200})
    snapshots.wait_until_ready("dr-hourly", deadline=deadline)
    snapshots.restore("dr-hourly", "gemini-db-from-snapshot", placement=Placement(), deadline=deadline)
    world.post("/clock", {"advance": 3_600})
    snapshots.wait_until_instance_ready("gemini-db-from-snapshot", deadline=deadline)
    world.post("/product", {"database": "gemini-db-from-snapshot"})
    assert 4_700 <= lost(world) <= 4_900
