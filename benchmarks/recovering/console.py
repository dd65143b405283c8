"""A whole console in an empty folder, as `manage.py up` starts it; this process may then use its services."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django

from tests.ports import free_port
from tests.running import Running, running
from tests.sandboxed import Sandbox

PORTS = ("PORT", "DR_SANDBOX_PORT", "DR_SANDBOX_DNS_PORT", "DR_SANDBOX_SMTP_PORT")


@dataclass(frozen=True)
class Console:
    """`world`: its sandbox."""

    program: Running
    world: Sandbox

    def process(self, name: str) -> int:
        """Id of the process of this name that was started last."""
        return int(self.program.wait_for(rf"\| {name} started \(process (\d+)\)")[-1])


@contextmanager
def console(**settings: str) -> Iterator[Console]:
    """Start it, and let Django in this process have its settings: once a process, and before any model is imported."""
    with tempfile.TemporaryDirectory(prefix="dr-console-bench-") as folder:
        environment = {"DR_DATA_DIR": folder, **{name: str(free_port()) for name in PORTS}, **settings}
        with running([sys.executable, "manage.py", "up"], environment) as program:
            program.wait_for("sandbox started", seconds=60)
            program.wait_for("Ctrl-C stops it", seconds=60)
            for name in ("DATABASE_URL", "REDIS_URL"):
                os.environ.pop(name, None)
            os.environ |= environment | {"DJANGO_SETTINGS_MODULE": "dr_console.settings", "DR_LOG_LEVEL": "ERROR"}
            django.setup()
            assert (Path(folder) / "redis-url").exists()
            yield Console(program, Sandbox(f"http://127.0.0.1:{environment['DR_SANDBOX_PORT']}"))
