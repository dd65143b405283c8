"""The built-in plans, by the engine, on the sandbox: users recover, nothing is done twice, all is put back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from dr_console.runs import services as runs
from dr_console.runs.executor import LONGEST_PAUSE_SECONDS
from dr_console.runs.models import Run, Step
from tests import make
from tests.incidents import carrying
from tests.providers.conftest import held, in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["held", "in_sandbox"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("held")]
S, R = Step.State, Run.State
RTO_SECONDS = 15 * 60
SPEED = 30


@pytest.fixture
def world(in_sandbox: Sandbox, settings: Any) -> Sandbox:
    """Ten minutes into an ordinary day, on a clock that makes minutes of waiting seconds."""
    settings.DR_PROBE_TIMEOUT_SECONDS = 0.5
    make.plan()
    in_sandbox.reset(speed=SPEED)
    in_sandbox.post("/clock", {"advance": 600})
    return in_sandbox


@pytest.fixture
def commander() -> User:
    return make.user("ada", may=["runs.approve_step", "runs.control_run", "incidents.start_failover"])


STORIES = {
    "api-errors": ("api-errors-to-backup-api", {}, {"api"}),
    "cdn-outage": ("cdn-failure-to-backup-cdn", {}, {"api", "web", "cdn", "object-storage"}),
    "region-outage": ("region-failure-to-backup-region", {"how": "timeout"}, {"api"}),
    "slow-recovery": ("region-failure-to-backup-region", {}, {"api"}),
}
BACK = {
    "api-errors": "api-back-to-primary",
    "cdn-outage": "cdn-back-to-primary",
    "region-outage": "region-back-to-primary",
    "slow-recovery": "region-back-to-primary",
}


def fail_back(world: Sandbox, key: str, about: Any, commander: User) -> Run:
    """As a commander does once the primary is well: forced, as nobody here has watched it for half an hour."""
    world.post("/heal")
    world.post("/clock", {"advance": 30})
    run = carrying.start(key, about, by=commander, trigger=Run.Trigger.PERSON, verb=Run.Verb.FORCE)
    carrying.carry_out(run)
    assert carrying.states(run)["put-dns-back"] == S.WAITING_APPROVAL
    runs.approve(
        carrying.step(run, "put-dns-back"), by=commander, expected_version=run.version, client_token="yes", reason=""
    )
    return carrying.carry_out(run)


def in_the_world(world: Sandbox, moment: str) -> float:
    """A moment of ours on the world's clock, if no time was skipped since."""
    ago = (now() - datetime.fromisoformat(moment)).total_seconds()
    return float(world.get("/clock")["now"]) - ago * SPEED


# One of them on the other database too: the rest differ in what vendors do.
ON_BOTH = "region-outage"
once = pytest.mark.one_database


@pytest.mark.parametrize("scenario", [pytest.param(key, marks=[] if key == ON_BOTH else once) for key in STORIES])
def test_users_recover_within_the_objective_and_everything_is_put_back(
    world: Sandbox, commander: User, scenario: str, settings: Any
) -> None:
    key, parameters, failing = STORIES[scenario]
    settings.DR_PROBE_TIMEOUT_SECONDS = 9 / SPEED if scenario == "slow-recovery" else 0.5
    before = carrying.records(world)
    carrying.break_it(world, scenario, **parameters)
    about = carrying.incident()
    run = carrying.carry_out(carrying.start(key, about))
    assert run.state == R.SUCCEEDED, (carrying.states(run), carrying.words(run))
    assert carrying.states(run)["alert-failed"] == S.CANCELLED
    recovered_at = in_the_world(world, carrying.step(run, "verify").after["first_good_at"])

    world.post("/clock", {"advance": 15})
    truth = world.get("/truth")
    episode = truth["episodes"][0]
    # A standby that is slow at first fails some of those who were led to it.
    failed = {name for name, service in episode["services"].items() if service["failed"]}
    assert failed >= failing if scenario == "slow-recovery" else failed == failing
    assert 20 <= episode["rto_seconds"] < RTO_SECONDS
    assert truth["users"]["error_rate"] < 1
    assert truth["doubles"] == []
    assert (truth["canaries"]["lost"], truth["canaries"]["rpo_seconds"]) == (0, 0.0)

    about.refresh_from_db()
    assert about.switched_at
    assert about.recovered_at
    assert about.verified_at
    assert about.switched_at < about.recovered_at < about.verified_at
    # What the console measured is what happened, but for the pause between two looks.
    assert abs(recovered_at - episode["first_good_at"]) <= (LONGEST_PAUSE_SECONDS + 0.5) * SPEED

    back = fail_back(world, BACK[scenario], about, commander)
    assert back.state == R.SUCCEEDED, (carrying.states(back), carrying.words(back))
    assert carrying.records(world) == before
    world.post("/clock", {"advance": 400})
    truth = world.get("/truth")
    assert truth["users"]["error_rate"] == 0
    assert truth["doubles"] == []


@once
def test_from_the_backup_region_to_the_cold_standby_and_back_to_where_it_began(world: Sandbox, commander: User) -> None:
    before = carrying.records(world)
    carrying.break_it(world, "region-outage", how="reset")
    about = carrying.incident()
    carrying.carry_out(carrying.start("region-failure-to-backup-region", about))
    in_california = carrying.records(world)
    carrying.break_it(world, "region-outage", region="california", how="reset")

    run = carrying.start("region-failure-to-cold-standby", about)
    carrying.carry_out(run)
    assert carrying.states(run)["decide"] == S.WAITING_APPROVAL
    runs.approve(carrying.step(run, "decide"), by=commander, expected_version=run.version, client_token="go", reason="")
    carrying.carry_out(run)
    assert run.state == R.SUCCEEDED, (carrying.states(run), carrying.words(run))
    assert carrying.done(world)["aws lambda.put_provisioned_concurrency"] == 1

    back = fail_back(world, "cold-standby-back-to-backup-region", about, commander)
    assert back.state == R.SUCCEEDED, (carrying.states(back), carrying.words(back))
    assert carrying.records(world) == in_california
    assert carrying.done(world)["aws lambda.delete_provisioned_concurrency"] == 1
    runs_back = carrying.start(
        "region-back-to-primary", about, by=commander, trigger=Run.Trigger.PERSON, verb=Run.Verb.FORCE
    )
    carrying.carry_out(runs_back)
    approve = carrying.step(runs_back, "put-dns-back")
    runs.approve(approve, by=commander, expected_version=runs_back.version, client_token="home", reason="")
    carrying.carry_out(runs_back)
    assert carrying.records(world) == before
    assert world.get("/truth")["doubles"] == []


@once
def test_a_manual_failover_ends_when_the_primary_answers(world: Sandbox, commander: User) -> None:
    run = carrying.start("manual-failover", carrying.incident(), by=commander, trigger=Run.Trigger.PERSON)
    carrying.carry_out(run)
    assert run.state == R.NOT_NEEDED
    assert carrying.done(world) == {}


@once
def test_a_manual_failover_and_its_undo_leave_the_world_as_it_was(world: Sandbox, commander: User) -> None:
    before = carrying.records(world)
    carrying.break_it(world, "region-outage", how="reset")
    about = carrying.incident()
    run = carrying.start("manual-failover", about, by=commander, trigger=Run.Trigger.PERSON)
    carrying.carry_out(run)
    assert run.state == R.SUCCEEDED, (carrying.states(run), carrying.words(run))
    assert carrying.done(world) == {"cloudflare dns.patch": 4, "cloudflare cache.purge": 1}
    assert carrying.records(world) != before
    runs.undo_run(run, by=commander, expected_version=run.version, client_token="undo", reason="Rehearsal")
    carrying.carry_out(run)
    assert run.state == R.ROLLED_BACK, (carrying.states(run), carrying.words(run))
    assert carrying.records(world) == before
    assert world.get("/truth")["doubles"] == []
