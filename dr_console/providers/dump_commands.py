"""Run a database's own programs: what they print as a stream, what they read from one, and what they complain about."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.utils.timezone import now

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls
from dr_console.providers.deadlines import Deadline

CHUNK_BYTES = 256 * 1024
QUOTED_CHARACTERS = 400
# Debian keeps every version of PostgreSQL apart, and puts a wrapper into PATH that may choose an older one.
DEBIAN = "usr/lib/postgresql/*/bin"


def find(*names: str, within: Path | None = None) -> Path | None:
    """The program by the first of these names: of PATH, else of the newest version that is installed."""
    if within is not None:
        return next((within / name for name in names if (within / name).exists()), None)
    for name in names:
        newest = sorted(Path("/").glob(f"{DEBIAN}/{name}"), key=_version)
        found = newest[-1] if newest else shutil.which(name)
        if found:
            return Path(found)
    return None


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parent.parent.name.split(".") if part.isdigit())


@dataclass(frozen=True)
class Program:
    """One program to be run for one operation. `environment`: where its password is, which is never an argument."""

    path: Path
    vendor: str
    operation: str
    deadline: Deadline
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def output(self, arguments: Sequence[str]) -> Iterator[bytes]:
        """What it prints, while it prints it. At its end raises FAILED where it failed."""
        with self._running(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as (process, complaint):
            assert process.stdout is not None
            while self._is_ready([process.stdout], []):
                chunk = os.read(process.stdout.fileno(), CHUNK_BYTES)
                if not chunk:
                    break
                yield chunk
            self._end(process, complaint)

    def fed(self, arguments: Sequence[str], chunks: Iterable[bytes], *, changes: bool = False) -> str:
        """What it prints after it was given all of this. It may close its ears early; the rest is read all the same."""
        with tempfile.TemporaryFile() as printed:
            with self._running(arguments, stdin=subprocess.PIPE, stdout=printed) as (process, complaint):
                assert process.stdin is not None
                os.set_blocking(process.stdin.fileno(), False)
                listens = True
                for chunk in chunks:
                    listens = listens and self._give(process.stdin, chunk)
                process.stdin.close()
                self._end(process, complaint, changes=changes)
            printed.seek(0)
            return printed.read().decode(errors="replace")

    def version(self) -> str:
        return b"".join(self.output(["--version"])).decode(errors="replace").strip()

    def _give(self, stdin: IO[bytes], chunk: bytes) -> bool:
        left = memoryview(chunk)
        try:
            while left and self._is_ready([], [stdin]):
                left = left[os.write(stdin.fileno(), left[:CHUNK_BYTES]) :]
        except BrokenPipeError:
            return False
        return True

    def _is_ready(self, reading: list[Any], writing: list[Any]) -> bool:
        if not any(select.select(reading, writing, [], self.deadline.left())):
            raise ProviderError(self.vendor, self.operation, Problem.TIMED_OUT, outcome=self._unknown(bool(writing)))
        return True

    @contextmanager
    def _running(
        self, arguments: Sequence[str], *, stdin: Any, stdout: Any
    ) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
        if self.deadline.has_passed:
            raise ProviderError(self.vendor, self.operation, Problem.NOT_IN_TIME)
        began, began_at, problem = time.monotonic(), now(), "failed"
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **self.environment}
        with tempfile.TemporaryFile() as complaint:
            process = subprocess.Popen(
                [str(self.path), *arguments],
                env=environment,
                stdin=stdin,
                stdout=stdout,
                stderr=complaint,
                start_new_session=True,
            )
            try:
                yield process, complaint
                problem = ""
            finally:
                _stop(process)
                seconds = time.monotonic() - began
                call = calls.Call(self.vendor, self.operation, self.path.name, "", 1, began_at, seconds, None, problem)
                calls.record(call)

    def _end(self, process: subprocess.Popen[bytes], complaint: IO[bytes], *, changes: bool = False) -> None:
        try:
            status = process.wait(timeout=self.deadline.left())
        except subprocess.TimeoutExpired:
            unknown = self._unknown(changes)
            raise ProviderError(self.vendor, self.operation, Problem.TIMED_OUT, outcome=unknown) from None
        if status:
            complaint.seek(0)
            said = complaint.read(64 * 1024).decode(errors="replace")
            for secret in filter(None, self.secrets):
                said = said.replace(secret, "•••")
            raise self.complaint(said)

    def complaint(self, said: str) -> ProviderError:
        problem, permanent = _problem(said)
        shown = " ".join(said.split())[:QUOTED_CHARACTERS]
        return ProviderError(self.vendor, self.operation, problem, said=shown, permanent=permanent)

    @staticmethod
    def _unknown(changes: bool) -> Outcome:
        return Outcome.UNKNOWN if changes else Outcome.NOTHING


# Words of PostgreSQL's and MySQL's programs; the first that is found counts.
PROBLEMS = (
    (("password authentication failed", "Access denied", "no password supplied"), Problem.CREDENTIALS, True),
    (("Connection refused", "could not translate host", "Can't connect", "Unknown MySQL server"),
     Problem.UNREACHABLE, False),
    (("does not exist", "Unknown database"), Problem.NOT_FOUND, True),
    (("server closed the connection", "Lost connection", "terminating connection"), Problem.BROKEN, False),
    (("version mismatch", "unsupported version"), Problem.REFUSED, True),
)  # fmt: skip


def _problem(said: str) -> tuple[Problem, bool]:
    found = next((entry for entry in PROBLEMS if any(word in said for word in entry[0])), None)
    return (found[1], found[2]) if found else (Problem.FAILED, False)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None and not stream.closed:
            stream.close()
