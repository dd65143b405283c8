"""Start a program, read what it prints as it prints it, and leave nothing of it behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent


class Running:
    """A program that was started, and its lines so far."""

    def __init__(self, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=None if environment is None else {**_bare_environment(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def printed(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, pattern: str, *, times: int = 1, seconds: float = 180) -> list[str]:
        """Wait until `pattern` was printed so many times; its matches, or their first groups."""
        until = time.monotonic() + seconds
        while len(found := re.findall(pattern, self.printed)) < times:
            assert time.monotonic() < until, f"“{pattern}” was not printed in {seconds} s, only:\n{self.printed}"
            assert self.process.poll() is None or self._reader.is_alive() or re.search(pattern, self.printed), (
                f"ended with {self.process.returncode} before printing “{pattern}”:\n{self.printed}"
            )
            time.sleep(0.02)
        return found

    def signal(self, number: int) -> Self:
        self.process.send_signal(number)
        return self

    def wait(self, seconds: float = 30) -> int:
        """Exit status; everything printed is in `lines` then."""
        status = self.process.wait(timeout=seconds)
        self._reader.join(timeout=5)
        return status

    def descendants(self) -> set[int]:
        """Process ids of all that it has started, whether by itself or through others."""
        parents = dict(_parents())
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {self.process.pid}


@contextmanager
def running(command: list[str], environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run `command`, in nothing but `environment` and what a program needs at all; gone when the block ends."""
    program = Running(command, environment)
    try:
        yield program
    finally:
        left = program.descendants()
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()
        for pid in left:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """True for a process that runs; one that has ended and waits to be asked about does not count."""
    try:
        return _status(pid)[1] not in "ZX"
    except (OSError, IndexError):
        return False


def all_gone(pids: set[int], *, within: float) -> bool:
    until = time.monotonic() + within
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _bare_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "DATABASE_URL")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), int(_status(int(folder.name))[2])
            except (OSError, IndexError):
                continue


def _status(pid: int) -> list[str]:
    """Name, state, parent, … of /proc/<pid>/stat; the name may have spaces and brackets in it."""
    text = Path(f"/proc/{pid}/stat").read_text()
    name, _, rest = text.partition(" ")[2].rpartition(")")
    return [name, *rest.split()]
