"""A console of its own for each test: its own folder, its own database, its own port."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.ports import free_port
from tests.running import Running, running

PORTS = ("PORT", "DR_SANDBOX_PORT", "DR_SANDBOX_DNS_PORT", "DR_SANDBOX_SMTP_PORT")
UP = [sys.executable, "manage.py", "up"]


class Console:
    """A running `manage.py up`, and how to speak with it."""

    def __init__(self, program: Running, environment: Mapping[str, str]) -> None:
        self.program = program
        self.environment = environment
        self.folder = Path(environment["DR_DATA_DIR"])
        self.address = f"http://127.0.0.1:{environment['PORT']}"

    @property
    def is_sandbox(self) -> bool:
        return self.environment.get("DR_MODE", "sandbox") == "sandbox"

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", timeout=30, **options)

    def wait_until_ready(self, seconds: float = 180) -> None:
        self.program.wait_for("Ctrl-C stops it", seconds=seconds)
        self.program.wait_for("(watch|sandbox) started", times=2 if self.is_sandbox else 1)
        until = time.monotonic() + seconds
        while (answer := self.get("/readyz")).status_code != 200:
            assert time.monotonic() < until, f"not ready in {seconds} s: {answer.text}\n{self.program.printed}"
            time.sleep(0.25)

    def process(self, name: str, *, starts: int = 1) -> int:
        """Process id of what was started under this name, for the so manyth time."""
        return int(
            self.program.wait_for(rf"\| {name} started \(process (\d+)\)", times=starts, seconds=120)[starts - 1]
        )


@pytest.fixture
def settings_for(tmp_path: Path) -> Iterator[Callable[..., dict[str, str]]]:
    """Settings of a console in an empty folder; the same folder and database as long as the test lasts."""
    with ExitStack() as stack:
        database = stack.enter_context(_empty_database())

        def make(**settings: str) -> dict[str, str]:
            here = {"DR_DATA_DIR": str(tmp_path / "var"), **{name: str(free_port()) for name in PORTS}, **database}
            return {**here, **settings}

        yield make


@pytest.fixture
def up(settings_for: Callable[..., dict[str, str]]) -> Callable[..., Any]:
    """`with up(DR_MODE="sandbox") as console:` starts one with these settings."""

    @contextmanager
    def start(**settings: str) -> Iterator[Console]:
        environment = settings_for(**settings)
        with running(UP, environment) as program:
            yield Console(program, environment)

    return start


@contextmanager
def _empty_database() -> Iterator[dict[str, str]]:
    """Nothing on SQLite, where the folder is the database; on PostgreSQL a database that is dropped afterwards."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield {}
        return
    name = f"up_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield {"DATABASE_URL": f"{server.rpartition('/')[0]}/{name}"}
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
