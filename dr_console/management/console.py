"""The whole console, started process by process and kept running until a signal ends it."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Callable
from functools import partial

from honcho.printer import Printer

from dr_console.management import preparation, processes
from dr_console.operations import data_folder
from dr_console.operations.children import CAN_FORK, Lifeline, PythonProgram
from dr_console.operations.supervisor import Supervisor


class Console:
    """The start of everything, step by step; each step begins when the one before it is done."""

    def __init__(self, claim: data_folder.Claim, listener: socket.socket, printer: Printer | None = None) -> None:
        self.supervisor = Supervisor(printer)
        self.lifeline = Lifeline()
        self.readiness, self.ready = os.pipe()
        self.listener = listener
        if claim.redis is not None:
            self.supervisor.add_process("redis", claim.redis, is_last=True)
        self.add("prepare", preparation.prepare, ["prepare"], then=self._prepared)
        self.add_first()
        bound = {"web": partial(processes.web, listener, self._tell_ready)}
        self.sandbox_ports = processes.sandbox_ports() if "sandbox" in processes.PROCESSES else None
        if self.sandbox_ports is not None:
            bound["sandbox"] = partial(processes.sandbox, self.sandbox_ports)
        for name, run in processes.PROCESSES.items():
            self.add(name, bound.get(name, run), ["serve", name])
        self.starts_redis = claim.redis is not None

    def add_first(self) -> None:
        """What comes first once pages can be had."""
        self.add("welcome", preparation.welcome, ["prepare", "--welcome"], then=self._welcomed)

    def start_first(self) -> None:
        self.supervisor.start("welcome")

    def run(self) -> int:
        # Nothing here becomes garbage before the children are forked, and looking for it costs a tenth of the start.
        gc.disable()
        self.supervisor.listen_to_signals()
        if self.starts_redis:
            self.supervisor.start("redis")
        self.supervisor.start("prepare")
        # Beside the migrations, which run in a process of their own.
        processes.import_for_web()
        self.supervisor.loop()
        return int(self.supervisor.returncode)

    def _prepared(self, status: int) -> None:
        if status:
            self.supervisor.give_up(2)
            return
        self.supervisor.when_readable(self.readiness, self._answers)
        if not CAN_FORK:
            # A process that does not inherit its sockets binds the ports itself, and cannot say when it is ready.
            self.listener.close()
            if self.sandbox_ports is not None:
                self.sandbox_ports.close()
            self._tell_ready()
        self.supervisor.start("web")

    def _answers(self) -> None:
        """The first page can be had. What follows would only have kept it waiting."""
        self.start_first()
        processes.import_for_workers()
        for name in processes.PROCESSES:
            if name != "web":
                self.supervisor.start(name)

    def _welcomed(self, status: int) -> None:
        if status:
            self.supervisor.give_up(2)

    def _tell_ready(self) -> None:
        os.write(self.ready, b".")

    def add(
        self, name: str, run: Callable[[], None], command: list[str], then: Callable[[int], None] | None = None
    ) -> None:
        program = PythonProgram(run, [sys.executable, sys.argv[0], *command], self.lifeline)
        self.supervisor.add_process(name, program, then=then)
