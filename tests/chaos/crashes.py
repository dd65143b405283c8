"""End or freeze the process at one point of one step, once: as the files in a folder say, one for each."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

KILL, FREEZE = "kill", "freeze"


def plan(folder: Path, point: str, key: str, how: str) -> None:
    """Have whichever process first reaches the point in a step of that key be killed or frozen there."""
    (folder / f"{point}-{key}").write_text(how, encoding="utf-8")


class Crashes:
    """The visitor of runs.points."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def __call__(self, point: str, key: str) -> None:
        planned = self.folder / f"{point}-{key}"
        done = self.folder / f"{point}-{key}.{os.getpid()}.done"
        try:
            how = planned.read_text(encoding="utf-8")
            planned.rename(done)  # of two who are here at once, one has it
        except FileNotFoundError:
            return
        done.write_text(f"{how} {time.time()} {os.getpid()}", encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL if how == KILL else signal.SIGSTOP)
