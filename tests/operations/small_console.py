"""A console of four small processes, for the tests of the supervisor: python -m tests.operations.small_console."""

from __future__ import annotations

import os
import signal
import sys
import time

from dr_console.operations.children import Lifeline, PythonProgram
from dr_console.operations.supervisor import Supervisor


def steady() -> None:
    print("I am", os.getpid(), flush=True)
    while True:
        time.sleep(60)


def stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    steady()


def fails() -> None:
    print("this line has no end", end="", flush=True)
    os._exit(3)


def once() -> None:
    print("once", flush=True)


def main(names: list[str]) -> int:
    supervisor, lifeline = Supervisor(), Lifeline()
    programs = {"steady": steady, "stubborn": stubborn, "fails": fails, "last": steady}
    supervisor.add_process("once", PythonProgram(once, [], lifeline), then=lambda status: supervisor.start("last"))
    for name, run in programs.items():
        supervisor.add_process(name, PythonProgram(run, [], lifeline), is_last=name == "last")
    supervisor.listen_to_signals()
    for name in ["once", *names]:
        supervisor.start(name)
    supervisor.loop()
    return int(supervisor.returncode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
