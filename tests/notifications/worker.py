"""The worker that sends messages, in a process of its own which tests may kill. Arguments: what `Worker` gives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from dr_console.operations.redis_server import die_with_parent


def main(given: dict[str, Any]) -> None:
    import django  # noqa: PLC0415 (the settings come first)

    settings.DATABASES["default"]["NAME"] = given.pop("database")
    for name, value in given.items():
        setattr(settings, name, value)
    django.setup()
    from dr_console.management.processes import worker  # noqa: PLC0415 (as above)

    worker("worker", ["notify"])


@dataclass
class Worker:
    """Sends what stands in the test database."""

    redis_url: str
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        names = ("DR_VENDOR_URLS", "DR_SANDBOX_URL", "EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT")
        given = {name: getattr(settings, name) for name in names}
        given |= {"database": str(connection.settings_dict["NAME"])}
        given |= {"REDIS_URL": self.redis_url, "CELERY_BROKER_URL": self.redis_url}
        command = [sys.executable, "-m", "tests.notifications.worker", json.dumps(given)]
        self.process = subprocess.Popen(command, preexec_fn=die_with_parent())

    def kill(self) -> None:
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
