"""One process asks from a place. A second one of the same place waits, and takes over when the first is gone."""

from __future__ import annotations

import fcntl
import os
import re
import socket
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils.timezone import now

from incidents.models import ProbeLocation

LEAST_SECONDS = 15.0


class Lease:
    """The right to ask from a place.

    On one machine it is a lock on a file in DR_DATA_DIR, which the kernel lets go the moment its holder dies. Between
    machines it is a time in the database, renewed with every round.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self.owner = f"{_this_folder()}:{os.getpid()}"
        self._lock: int | None = None

    def take(self) -> bool:
        """Take or renew it; False while another process has it."""
        if not self._lock_here():
            return False
        at = now()
        ProbeLocation.objects.get_or_create(name=self.location)
        # Who held it in this folder held the lock as well, and is gone.
        is_mine = Q(owner="") | Q(owner__startswith=f"{_this_folder()}:") | Q(lease_until=None) | Q(lease_until__lt=at)
        free = ProbeLocation.objects.filter(is_mine, name=self.location)
        return bool(free.update(owner=self.owner, lease_until=at + _length()))

    def give_back(self) -> None:
        """Let the next one begin at once."""
        mine = ProbeLocation.objects.filter(name=self.location, owner=self.owner)
        mine.update(owner="", lease_until=None)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _lock_here(self) -> bool:
        if self._lock is not None:
            return True
        folder: Path = settings.DR_DATA_DIR / "owners"
        folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w-]", "_", self.location) + "-" + sha256(self.location.encode()).hexdigest()[:8]
        lock = os.open(folder / f"watch-{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True


def _length() -> timedelta:
    return timedelta(seconds=max(LEAST_SECONDS, 3 * settings.DR_PROBE_INTERVAL_SECONDS))


def _this_folder() -> str:
    """This machine and its data folder, in short."""
    folder = sha256(str(settings.DR_DATA_DIR).encode()).hexdigest()[:12]
    return f"{socket.gethostname()[:80]}:{folder}"
