"""`manage.py up`: the whole console from one command."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dr_console.management import preparation, processes
from dr_console.operations import data_folder
from dr_console.operations.children import CAN_FORK, Lifeline, PythonProgram
from dr_console.operations.listener import listen
from dr_console.operations.supervisor import Supervisor


class Command(BaseCommand):
    help = (
        "Starts the console: a Redis where REDIS_URL names none, the web server, the workers and the scheduler. "
        "Restarts what dies. Ctrl-C stops everything. Settings come from the environment: see docs/settings.md."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        claim = data_folder.claimed
        if claim is None:
            raise CommandError("Start it as `manage.py up`.")
        try:
            status = Console(claim, listen(settings.HOST, settings.PORT)).run()
        finally:
            claim.release()
        sys.exit(status)


class Console:
    """The start of everything, step by step; each step begins when the one before it is done."""

    def __init__(self, claim: data_folder.Claim, listener: socket.socket) -> None:
        self.supervisor = Supervisor()
        self.lifeline = Lifeline()
        self.readiness, self.ready = os.pipe()
        self.listener = listener
        if claim.redis is not None:
            self.supervisor.add_process("redis", claim.redis, is_last=True)
        self._add("prepare", preparation.prepare, ["prepare"], then=self._prepared)
        self._add("welcome", preparation.welcome, ["prepare", "--welcome"], then=self._welcomed)
        bound = {"web": partial(processes.web, listener, self._tell_ready)}
        self.sandbox_ports = processes.sandbox_ports() if "sandbox" in processes.PROCESSES else None
        if self.sandbox_ports is not None:
            bound["sandbox"] = partial(processes.sandbox, self.sandbox_ports)
        for name, run in processes.PROCESSES.items():
            self._add(name, bound.get(name, run), ["serve", name])
        self.starts_redis = claim.redis is not None

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
        self.supervisor.start("welcome")
        processes.import_for_workers()
        for name in processes.PROCESSES:
            if name != "web":
                self.supervisor.start(name)

    def _welcomed(self, status: int) -> None:
        if status:
            self.supervisor.give_up(2)

    def _tell_ready(self) -> None:
        os.write(self.ready, b".")

    def _add(
        self, name: str, run: Callable[[], None], command: list[str], then: Callable[[int], None] | None = None
    ) -> None:
        program = PythonProgram(run, [sys.executable, sys.argv[0], *command], self.lifeline)
        self.supervisor.add_process(name, program, then=then)
