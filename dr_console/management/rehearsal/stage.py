"""Where a rehearsal takes place: at the console that runs, or at one of its own that is started for it and then gone.

Chosen before the settings are read, so it knows nothing of Django.
"""

from __future__ import annotations

import argparse
import atexit
import fcntl
import os
import secrets
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from dr_console.env import WrongSetting
from dr_console.operations import data_folder
from dr_console.operations.redis_server import free_port

DEFAULT_SPEED = 10
LEAST_PROBE_SECONDS, LEAST_TIMEOUT_SECONDS = 0.25, 0.5
PROBE_SECONDS, TIMEOUT_SECONDS = 5.0, 3.0
MOST_SPEED = 100
KEPT_WHEN_MADE_UP = "rehearsals"
LOG = "console.log"


@dataclass(frozen=True)
class Own:
    """A console of the rehearsal's own. `password`: of its administrator, who may watch in a browser."""

    folder: Path
    password: str
    keep: bool

    def clear_away(self) -> None:
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def clear_away_unused(self) -> None:
        """Where nothing was started, as what was asked for could not be done."""
        if not (self.folder / LOG).exists():
            shutil.rmtree(self.folder, ignore_errors=True)


own: Own | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What has to be known before the settings are read."""
    parser.add_argument(
        "--speed",
        type=int,
        help="How many times faster than ours the pretend world's clock runs: "
        f"{DEFAULT_SPEED} for a console of the rehearsal's own; of one that runs, the speed it has.",
    )
    parser.add_argument(
        "--own",
        action="store_true",
        help="Start a console for it even if one runs already, with a world and a history of its own.",
    )
    parser.add_argument("--keep", action="store_true", help="Keep the folder of that console, with its log.")


def choose(arguments: list[str]) -> None:
    """Make `own` and set the environment for it, unless a console runs that can be used. Raises WrongSetting."""
    global own
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    chosen, _others = parser.parse_known_args(arguments)
    if chosen.speed is not None and not 1 <= chosen.speed <= MOST_SPEED:
        raise WrongSetting("--speed", f"must be from 1 to {MOST_SPEED}: health checks cannot follow a faster world.")
    if os.environ.get("DR_MODE", "").strip() == "live":
        raise WrongSetting("DR_MODE", "is live, and only the sandbox may be broken. Rehearse with DR_MODE=sandbox.")
    if chosen.own or not _console_runs():
        own = _make_own(data_folder.given(), chosen.speed or DEFAULT_SPEED, keep=chosen.keep)
        data_folder.claim()
        atexit.register(own.clear_away_unused)


def _console_runs() -> bool:
    """Does a `manage.py up` hold the folder, or is there a database that others may be using, too?"""
    if os.environ.get("DATABASE_URL", "").strip():
        return _answers(int(os.environ.get("DR_SANDBOX_PORT", "").strip() or 8100))
    try:
        with (data_folder.given() / "up.lock").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _make_own(parent: Path, speed: int, *, keep: bool) -> Own:
    # The world is new, so the history has to be: what an old one says of a failover was in another world.
    folder = parent / KEPT_WHEN_MADE_UP / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(2)}"
    made = Own(folder, secrets.token_urlsafe(12), keep)
    every = float(os.environ.get("DR_PROBE_INTERVAL_SECONDS", "").strip() or PROBE_SECONDS)
    wait = float(os.environ.get("DR_PROBE_TIMEOUT_SECONDS", "").strip() or TIMEOUT_SECONDS)
    for name in ("DATABASE_URL", "REDIS_URL", "REDIS_URL_FILE", "DR_PUBLIC_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "DR_DATA_DIR": str(folder),
        "DR_MODE": "sandbox",
        "PORT": str(_port("PORT", 8000)),
        "DR_SANDBOX_PORT": str(_port("DR_SANDBOX_PORT", 8100)),
        "DR_SANDBOX_DNS_PORT": "0",
        "DR_SANDBOX_SMTP_PORT": str(_port("DR_SANDBOX_SMTP_PORT", 8125)),
        "DR_SANDBOX_SPEED": str(speed),
        "DR_PROBE_INTERVAL_SECONDS": f"{max(every / speed, LEAST_PROBE_SECONDS):g}",
        "DR_PROBE_TIMEOUT_SECONDS": f"{max(wait / speed, LEAST_TIMEOUT_SECONDS):g}",
        "DR_ADMIN_PASSWORD": made.password,
    }
    return made


def _port(name: str, default: int) -> int:
    """The one that is wanted if it is free, else any."""
    wanted = int(os.environ.get(name, "").strip() or default)
    return wanted if _is_free(wanted) else free_port()


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
