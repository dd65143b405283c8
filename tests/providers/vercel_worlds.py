"""Vercel twice, for the same tests: on a wire that answers by hand, and in the sandbox; with the same levers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import pytest

from dr_console.providers.vercel.settings_store import VercelSettingsStore
from tests.providers.faked_vercel import ADDRESS, Fake
from tests.sandboxed import Sandbox

TOKYO, STANDBY = "gemini-toolbox", "gemini-toolbox-standby"
HOST = "tokyo.origin.example.com"


class World(Protocol):
    """What goes wrong at Vercel, on purpose, in the project of Tokyo."""

    def let_the_next_build_fail(self) -> None: ...
    def let_builds_take_for_ever(self) -> None: ...
    def let_the_next_switch_fail_for(self, host: str) -> None: ...
    def begin_a_rolling_release(self) -> None: ...
    def challenge_readers(self) -> None: ...


class FakedWorld:
    def __init__(self, fake: Fake) -> None:
        self.fake = fake

    def let_the_next_build_fail(self) -> None:
        self.fake.build_fails = True

    def let_builds_take_for_ever(self) -> None:
        self.fake.builds_for_ever = True

    def let_the_next_switch_fail_for(self, host: str) -> None:
        self.fake.failing_hosts = [host]

    def begin_a_rolling_release(self) -> None:
        self.fake.rolling_release = True

    def challenge_readers(self) -> None:
        self.fake.challenged = True


class SandboxedWorld:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def _set(self, **change: Any) -> None:
        self._sandbox.post(f"/vercel/projects/{TOKYO}", change)

    def let_the_next_build_fail(self) -> None:
        self._set(next_build_fails=True)

    def let_builds_take_for_ever(self) -> None:
        self._set(build_seconds=86_400.0)

    def let_the_next_switch_fail_for(self, host: str) -> None:
        self._set(next_switch_fails_for=[host])

    def begin_a_rolling_release(self) -> None:
        self._set(rolling_release=True)

    def challenge_readers(self) -> None:
        self._set(challenges=True)


@contextmanager
def faked(request: pytest.FixtureRequest) -> Iterator[World]:
    settings = request.getfixturevalue("settings")
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "vercel": ADDRESS}
    with Fake().on_the_wire() as fake:
        yield FakedWorld(fake)


@contextmanager
def in_the_sandbox(request: pytest.FixtureRequest) -> Iterator[World]:
    sandbox: Sandbox = request.getfixturevalue("in_sandbox")
    sandbox.post("/clock", {"speed": 600.0})
    yield SandboxedWorld(sandbox)


WORLDS: dict[str, Callable[[pytest.FixtureRequest], AbstractContextManager[World]]] = {
    "faked": faked,
    "sandbox": in_the_sandbox,
}


@contextmanager
def vercel(request: pytest.FixtureRequest) -> Iterator[World]:
    """One of WORLDS, by the fixture's parameter. What was found out of an API before is forgotten."""
    VercelSettingsStore._known.clear()
    with WORLDS[request.param](request) as world:
        yield world
