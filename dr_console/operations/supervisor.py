"""Keeps the processes of `manage.py up` running. honcho's manager ends all when one ends; ours starts it again."""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import TextIO

from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message, Printer

from dr_console.operations.children import FORWARDED, Program, Running

LOOK_EVERY_SECONDS = 0.25
LIVED_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 30.0
TERMINATED_SECONDS = 6.0
LAST_TERMINATED_SECONDS = 3.0


@dataclass
class Child:
    """One line of the table: what is to run, and how that goes."""

    name: str
    program: Program
    colour: str | None
    is_last: bool = False
    then: Callable[[int], None] | None = None
    running: Running | None = None
    output: int = -1
    line: bytes = b""
    started_at: float = 0.0
    due_at: float | None = None
    failures: int = 0
    told_to_end: bool = False

    @property
    def is_once(self) -> bool:
        return self.then is not None


@dataclass(frozen=True)
class Leaving:
    """The end has begun: until when politeness lasts, first for all, then for those who end last."""

    first_until: float = field(default_factory=lambda: time.monotonic() + TERMINATED_SECONDS)
    last_until: float = field(default_factory=lambda: time.monotonic() + TERMINATED_SECONDS + LAST_TERMINATED_SECONDS)


class Supervisor(Manager):
    """Starts, listens, restarts with growing pauses, and ends everything, those marked last after all the others."""

    def __init__(self, printer: Printer | None = None) -> None:
        super().__init__(printer if printer is not None else Printer(_whole_lines()))
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._leaving: Leaving | None = None
        self._signals: list[int] = []
        self.returncode = 0

    def add_process(
        self, name: str, cmd: Program, *, is_last: bool = False, then: Callable[[int], None] | None = None
    ) -> Child:
        """Add a line to the table. `is_last`: it ends after the others.

        `then` makes it something that is done once, prints without its name, and is asked no more than its exit status.
        """
        child = Child(name, cmd, next(self._colours), is_last=is_last, then=then)
        self._children[name] = child
        self._printer.width = max(self._printer.width, len(name))
        return child

    def start(self, name: str) -> None:
        child = self._children[name]
        child.started_at, child.due_at = time.monotonic(), None
        if child.is_once:
            child.running = child.program.start(output=None)
            return
        child.output, writing = os.pipe()
        try:
            child.running = child.program.start(output=writing)
        finally:
            os.close(writing)
        os.set_blocking(child.output, False)
        self._selector.register(child.output, selectors.EVENT_READ, partial(self._read, child))
        self.say(f"{name} started (process {child.running.pid})")

    def when_readable(self, end: int, then: Callable[[], None]) -> None:
        """Call `then` once, as soon as there is something to read at this end of a pipe."""

        def once() -> None:
            self._selector.unregister(end)
            then()

        self._selector.register(end, selectors.EVENT_READ, once)

    def say(self, text: str) -> None:
        self._print(SYSTEM_PRINTER_NAME, None, text)

    def loop(self) -> None:
        """Run until a signal says otherwise and everything has ended."""
        try:
            while self._leaving is None or any(child.running for child in self._children.values()):
                for key, _events in self._selector.select(LOOK_EVERY_SECONDS):
                    key.data()
                self._heed_signals()
                self._notice_ends()
                self._start_due()
                self._hurry()
        finally:
            self.kill()

    def give_up(self, status: int) -> None:
        """End everything because something that must be cannot; `status` is the exit status for it."""
        self.returncode = status
        self.terminate()

    def terminate(self) -> None:
        """Ask everything to end, in good order."""
        if self._leaving is None:
            self._leaving = Leaving()
            self._end([child for child in self._children.values() if not child.is_last])

    def kill(self) -> None:
        """End everything now."""
        for child in self._children.values():
            if child.running is not None:
                self._procmgr.kill(child.running.pid)

    def listen_to_signals(self) -> None:
        for number in FORWARDED:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # No more than this: a signal may come in the middle of a line being printed.
        self._signals.append(number)

    def _heed_signals(self) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if number == signal.SIGHUP:
                # The terminal is gone, and printing to it would fail.
                self._print_nowhere()
            if self._leaving is not None:
                self.kill()
            else:
                self.say(f"{signal.Signals(number).name} received: stopping. Once more stops at once.")
                self.terminate()

    def _end(self, children: list[Child]) -> None:
        for child in children:
            child.due_at = None
            if child.running is not None and not child.told_to_end:
                child.told_to_end = True
                self._procmgr.terminate(child.running.pid)

    def _hurry(self) -> None:
        """On the way out: the last ones once the others are gone, and force for those who do not go."""
        if self._leaving is None:
            return
        running = [child for child in self._children.values() if child.running is not None]
        if all(child.is_last for child in running):
            self._end(running)
        if time.monotonic() > self._leaving.last_until:
            self.kill()
        elif time.monotonic() > self._leaving.first_until:
            for child in running:
                if not child.is_last and child.running is not None:
                    self._procmgr.kill(child.running.pid)

    def _notice_ends(self) -> None:
        for child in self._children.values():
            if child.running is None:
                continue
            status = child.running.poll()
            if status is not None:
                self._ended(child, status)

    def _ended(self, child: Child, status: int) -> None:
        self._read(child)
        if child.output >= 0:
            self._hang_up(child)
        child.running = None
        if child.then is not None:
            child.then(status)
        elif self._leaving is not None:
            self.say(f"{child.name} stopped")
        else:
            self._plan_restart(child, status)

    def _plan_restart(self, child: Child, status: int) -> None:
        lived = time.monotonic() - child.started_at
        child.failures = 0 if lived >= LIVED_SECONDS else child.failures
        pause = min(2.0**child.failures, LONGEST_PAUSE_SECONDS)
        child.failures += 1
        child.due_at = time.monotonic() + pause
        self.say(f"{child.name} ended ({_in_words(status)}) and starts again in {pause:g} s")

    def _start_due(self) -> None:
        for child in self._children.values():
            if child.due_at is not None and time.monotonic() >= child.due_at:
                self.start(child.name)

    def _read(self, child: Child) -> None:
        """Print the whole lines that have come, and keep the rest until its end comes."""
        try:
            while child.output >= 0:
                chunk = os.read(child.output, 65536)
                if not chunk:
                    self._hang_up(child)
                    return
                *lines, child.line = (child.line + chunk).split(b"\n")
                for line in lines:
                    self._print(child.name, child.colour, line)
        except BlockingIOError:
            return

    def _hang_up(self, child: Child) -> None:
        if child.line:
            self._print(child.name, child.colour, child.line)
        self._selector.unregister(child.output)
        os.close(child.output)
        child.output, child.line = -1, b""

    def _print(self, name: str, colour: str | None, text: str | bytes) -> None:
        message = Message(type="line", data=text or " ", time=self._clock.now(), name=name, colour=colour)
        try:
            self._printer.write(message)
        except OSError:
            # Nobody reads what we print any more, as after `manage.py up | head`.
            self._print_nowhere()
            self.terminate()

    def _print_nowhere(self) -> None:
        self._printer.output = open(os.devnull, "w", encoding="utf-8")


def _whole_lines() -> TextIO:
    """Standard output that gets a line in one piece, also where Python was told not to buffer.

    What is done once prints to the same place: half a line of ours would have its text in the middle.
    """
    return open(sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, errors="replace", closefd=False)


def _in_words(status: int) -> str:
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
