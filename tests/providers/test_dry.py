"""In a dry run, no call that could change anything leaves us, whoever the vendor is."""

from __future__ import annotations

import pytest

from dr_console.providers import dry, registry
from dr_console.providers.capabilities.cdn import Targets
from dr_console.providers.capabilities.dns import Pointing
from dr_console.providers.deadlines import Deadline
from tests.providers.conftest import in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["in_sandbox"]


@pytest.fixture
def deadline() -> Deadline:
    return Deadline.after(30)


def test_it_may_look(in_sandbox: Sandbox, deadline: Deadline):
    with dry.only_looking():
        assert registry.dns().record("api.example.com", deadline=deadline).content
        assert registry.deployments().project("gemini-toolbox", deadline=deadline).current
        assert registry.functions().state(deadline=deadline).version


def test_and_nothing_more(in_sandbox: Sandbox, deadline: Deadline):
    changes = [
        lambda: registry.dns().point(Pointing("api.example.com", "x.example.com"), reference="x", deadline=deadline),
        lambda: registry.cdn().purge(Targets(everything=True), deadline=deadline),
        lambda: registry.deployments().pause("gemini-toolbox", deadline=deadline),
        lambda: registry.functions().order_warmth(1, deadline=deadline),
        lambda: registry.functions().invoke(deadline=deadline),
        lambda: registry.settings_store().write({"degradation_level": 3}, deadline=deadline),
    ]
    for change in changes:
        with dry.only_looking(), pytest.raises(dry.WouldChange):
            change()
    assert in_sandbox.get("/truth")["effects"] == {}


def test_afterwards_it_may_again(in_sandbox: Sandbox, deadline: Deadline):
    with dry.only_looking():
        pass
    registry.dns().point(Pointing("api.example.com", "backup.example.com"), reference="x", deadline=deadline)
    assert in_sandbox.get("/truth")["effects"] == {"cloudflare": 1}
