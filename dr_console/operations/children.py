"""One process of `manage.py up`: started, listened to, and gone when the one that started it is gone."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Protocol

from dr_console.env import WrongSetting

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LEAVE_WITHIN_SECONDS = 8.0
LIFELINE = "DR_LIFELINE"

# Forked, a child shares the memory of everything that is imported, and has nothing left to import. Elsewhere than on
# Linux a forked Python is not safe to use, and each child is a Python of its own.
CAN_FORK = sys.platform.startswith("linux")


class Running(Protocol):
    """A process that has been started."""

    @property
    def pid(self) -> int | None: ...

    def poll(self) -> int | None:
        """Exit status once it has ended (the signal's number below zero), None before."""
        ...


class Program(Protocol):
    """Something that can be started, again and again."""

    def start(self, *, output: int | None) -> Running:
        """`output`: where its lines go; None leaves them where ours go."""
        ...


class Lifeline:
    """A pipe of which only the supervisor holds the writing end: at its end of file, the supervisor is no more."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def hold(self) -> None:
        """In a forked child: end with the supervisor, in good order if that is possible in time."""
        os.close(self.writing)
        self._hold()

    @classmethod
    def hold_given(cls) -> None:
        """In a child that was not forked: the same, where a supervisor has started it."""
        if LIFELINE in os.environ:
            given = cls.__new__(cls)
            given.reading = int(os.environ.pop(LIFELINE))
            given._hold()

    def _hold(self) -> None:
        threading.Thread(target=self._watch, name="lifeline", daemon=True).start()

    def _watch(self) -> None:
        os.read(self.reading, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LEAVE_WITHIN_SECONDS)
        os._exit(1)


@dataclass(frozen=True)
class PythonProgram:
    """A process that runs `run`. Where it cannot be forked, `command` does the same."""

    run: Callable[[], None]
    command: list[str]
    lifeline: Lifeline

    def start(self, *, output: int | None) -> Running:
        if not CAN_FORK:
            return subprocess.Popen(
                self.command,
                env={**os.environ, LIFELINE: str(self.lifeline.reading)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[self.lifeline.reading],
            )
        process = get_context("fork").Process(target=self._in_child, args=(output,))
        # What is there now stays for ever: the collector would only touch it, and touched memory is shared no more.
        gc.freeze()
        with _signals_held_back():
            process.start()
        return Forked(process)

    def _in_child(self, output: int | None) -> None:
        # A session of its own: Ctrl-C goes to the supervisor, which ends its children in the right order.
        os.setsid()
        for number in FORWARDED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
        if output is not None:
            os.dup2(output, 1)
            os.dup2(output, 2)
        self.lifeline.hold()
        gc.enable()
        try:
            self.run()
        except WrongSetting as wrong:
            print(wrong, file=sys.stderr)
            raise SystemExit(2) from None


@dataclass(frozen=True)
class Forked:
    """A forked child, asked the way that subprocess.Popen is asked."""

    process: BaseProcess

    @property
    def pid(self) -> int | None:
        return self.process.pid

    def poll(self) -> int | None:
        return self.process.exitcode


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """A signal between the fork and the child's own first lines would run the supervisor's handler in the child."""
    signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
