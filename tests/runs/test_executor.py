from __future__ import annotations

import pytest

from dr_console.runs import executor
from dr_console.runs.models import Run, Step
from tests.runs import acting
from tests.runs.acting import put, start, states, step, watch

pytestmark = pytest.mark.django_db
S, R = Step.State, Run.State


@pytest.fixture(autouse=True)
def world():
    return acting.new_world()


def test_a_run_is_carried_out_to_its_end(world):
    world.things["c"] = "up"
    run = start(put("a"), put("b", "a"), watch("c", "b"))
    assert states(run) == {"a": S.READY, "b": S.PENDING, "c": S.PENDING}
    executor.carry_out(step(run, "a").pk)
    run.refresh_from_db()
    assert run.state == R.SUCCEEDED
    assert world.effects == [("a", "new"), ("b", "new")]
