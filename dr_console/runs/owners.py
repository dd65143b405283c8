"""Who carries out a step: a process, known by a file that it keeps locked, and the kernel lets go of when it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import socket
from functools import lru_cache
from pathlib import Path

from django.conf import settings


def me() -> str:
    """Name of this process as an owner of steps: host:pid-letters. From the first call on, its file is locked."""
    return _claimed(os.getpid(), settings.DR_DATA_DIR)


def is_dead(owner: str) -> bool:
    """True if the process is known to have ended. False too where that cannot be known from here: on another host."""
    path = _folder(settings.DR_DATA_DIR) / owner
    if not owner or not path.is_file() or owner == me():
        return False
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    finally:
        os.close(file)
    return True


def forget_the_dead(but: set[str]) -> None:
    """Delete the files of processes that have ended, except of those that still stand in a step."""
    for path in _folder(settings.DR_DATA_DIR).iterdir():
        if path.name not in but and is_dead(path.name):
            path.unlink(missing_ok=True)


@lru_cache(maxsize=2)
def _claimed(process: int, data: Path) -> str:
    """One for each process: a lock is shared with those it forks, and theirs must be their own."""
    name = f"{socket.gethostname()}:{process}-{secrets.token_hex(4)}"
    file = os.open(_folder(data) / name, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    return name


def _folder(data: Path) -> Path:
    folder = data / "owners"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
