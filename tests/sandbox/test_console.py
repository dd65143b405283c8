"""The sandbox that is told where the console is: PagerDuty and Slack know it from the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dr_console.providers import registry
from dr_console.providers.deadlines import Deadline
from tests.sandboxed import Sandbox, running_sandbox

CONSOLE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def told() -> Iterator[Sandbox]:
    with running_sandbox("--console", CONSOLE) as sandbox:
        yield sandbox


@pytest.mark.parametrize("begun_anew", [False, True], ids=["at first", "begun anew"])
def test_its_pagerduty_and_its_slack_tell_the_console(told: Sandbox, settings: Any, begun_anew: bool):
    settings.DR_VENDOR_URLS = told.vendor_urls()
    if begun_anew:
        told.reset()
    [made] = registry.paging().subscriptions(deadline=Deadline.after(5))
    assert (made.url, made.active) == (f"{CONSOLE}/callbacks/pagerduty/", True)
    assert "incident.acknowledged" in made.events


def test_without_a_console_nobody_is_told(sandbox: Sandbox, settings: Any):
    settings.DR_VENDOR_URLS = sandbox.vendor_urls()
    assert registry.paging().subscriptions(deadline=Deadline.after(5)) == []
