"""A console of four small processes, for the tests of the supervisor: python -m tests.operations.small_console."""

from __future__ import annotations

import os
import signal
import sys
import time

from dr_console.operations import children
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
    os.write(sys.stdout.fileno(), b"once\n")


PROGRAMS = {"once": once, "steady": steady, "stubborn": stubborn, "fails": fails, "last": steady}
ITSELF = [sys.executable, "-m", "tests.operations.small_console"]


def main(names: list[str]) -> int:
    if names[0] == "--only":  # as it is started where it cannot be forked
        Lifeline.hold_given()
        PROGRAMS[names[1]]()
        return 0
    if names[0] == "--without-fork":
        children.CAN_FORK = False
        names.pop(0)
    supervisor, lifeline = Supervisor(), Lifeline()
    for name, run in PROGRAMS.items():
        then = (lambda status: supervisor.start("last")) if name == "once" else None
        program = PythonProgram(run, [*ITSELF, "--only", name], lifeline)
        supervisor.add_process(name, program, is_last=name == "last", then=then)
    supervisor.listen_to_signals()
    for name in ["once", *names]:
        supervisor.start(name)
    supervisor.loop()
    return int(supervisor.returncode)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
