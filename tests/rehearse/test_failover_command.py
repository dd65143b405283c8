"""`manage.py failover` with nothing but a database and the vendors: no Redis, no worker, no web server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.running import running
from tests.sandboxed import Sandbox, running_sandbox

# On SQLite, as it is where nothing else is left; on another database the engine is killed in tests/chaos.
pytestmark = [pytest.mark.processes, pytest.mark.one_database]
Manage = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    with running_sandbox("--speed", "60") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def manage(world: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Manage:
    """Run a command in a folder whose database has the built-in plan; its exit status and what it printed."""
    folder: Path = tmp_path_factory.mktemp("failover") / "var"
    folder.mkdir()
    environment = {
        "DR_DATA_DIR": str(folder),
        "DATABASE_URL": "",
        "SECRET_KEY": "x" * 50,
        "DR_SANDBOX_PORT": world.url.rpartition(":")[2],
        "DR_SANDBOX_SMTP_PORT": "0",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "DR_LOG_LEVEL": "ERROR",
    }

    def run(*arguments: str) -> tuple[int, str]:
        with running([sys.executable, "manage.py", *arguments], environment) as program:
            return program.wait(60), program.printed

    for command in (["migrate", "-v0"], ["load_plan", "dr_console/plans/builtin.yaml"]):
        status, printed = run(*command)
        assert status == 0, printed
    return run


@pytest.fixture(autouse=True)
def _a_day(world: Sandbox) -> None:
    world.reset(speed=60)
    world.post("/clock", {"advance": 600})


def break_tokyo(world: Sandbox) -> None:
    world.post("/scenarios", {"name": "region-outage", "parameters": {"how": "reset"}})


def changed(world: Sandbox) -> list[str]:
    return [each["what"] for each in world.get("/truth/effects")["effects"] if each["request"]]


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(manage: Manage, world: Sandbox):
    break_tokyo(world)
    status, printed = manage("failover", "api", "--to", "us-west-1", "--dry-run")
    assert status == 0, printed
    assert "api.example.com" in printed
    assert "undo: The records are put back exactly as they are now" in printed
    assert printed.splitlines()[-1] == "Nothing was changed: this was a dry run."
    assert changed(world) == []


def test_with_redis_and_workers_gone_it_is_carried_out_all_the_same(manage: Manage, world: Sandbox):
    break_tokyo(world)
    status, printed = manage("failover", "api", "--to", "us-west-1", "--yes", "--without-redis")
    assert status == 0, printed
    assert "Succeeded" in printed
    assert "dns.patch" in changed(world) or "dns.batch" in changed(world)
    doubles = [each for each in world.get("/truth")["doubles"] if each["vendor"] in ("cloudflare", "vercel")]
    assert doubles == []
    assert "Tokyo" not in world.get("/world")["answered_by"]["api.example.com"]


def test_it_finds_out_by_itself_that_there_is_no_redis(manage: Manage, world: Sandbox):
    break_tokyo(world)
    status, printed = manage("failover", "api", "--to", "us-west-1", "--yes")
    assert status == 0, printed


def test_nothing_is_done_where_the_primary_answers(manage: Manage, world: Sandbox):
    _status, printed = manage("failover", "api", "--to", "us-west-1", "--yes", "--without-redis")
    assert changed(world) == [], printed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing"], "There is no service “nothing”. There are: api, cdn"),
        (["api", "--to", "mars"], "No failover of “api” is like that. There are: manual-failover (to us-west-1)"),
        (["api", "--to", "us-west-1"], "Nobody is there to ask. Say --yes."),
        (["api", "--verb", "force"], "--verb force needs a --reason."),
    ],
)
def test_wrong_use_says_what_there_is(manage: Manage, world: Sandbox, arguments, sentence):
    break_tokyo(world)
    status, printed = manage("failover", *arguments)
    assert (status, sentence in printed) == (2, True), printed
    assert changed(world) == []
