"""A web server in a process of its own, which tests may kill: `python -m tests.live.web PORT REDIS_URL DATABASE`."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from urllib.error import HTTPError, URLError

from django.conf import settings
from django.db import connection

from dr_console.operations.redis_server import die_with_parent, free_port


def main(port: str, redis_url: str, database: str) -> None:
    import uvicorn  # noqa: PLC0415 (not where the tests only want `Web`)

    settings.REDIS_URL = redis_url
    settings.DATABASES["default"]["NAME"] = database
    uvicorn.run(
        "dr_console.asgi:application", port=int(port), log_config=None, timeout_graceful_shutdown=1, lifespan="off"
    )


@dataclass
class Web:
    """Serves the test database. Its port stays the same however often it is started."""

    redis_url: str
    port: int = 0
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.port = self.port or free_port()
        database = str(connection.settings_dict["NAME"])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.web", str(self.port), self.redis_url, database],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=die_with_parent(),
        )

    def wait_until_ready(self) -> None:
        assert self.process is not None
        until = time.monotonic() + 30
        while not self.answers():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < until, "the web server does not answer"
            time.sleep(0.02)

    def answers(self) -> bool:
        with suppress(URLError, OSError):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/live/nothing/", timeout=5).close()
            except HTTPError:
                pass
            return True
        return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def stop(self) -> str:
        """Ask it to end, as Ctrl-C does. Returns what it printed."""
        assert self.process is not None
        self.process.terminate()
        return self.process.communicate(timeout=20)[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
