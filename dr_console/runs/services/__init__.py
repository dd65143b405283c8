"""Everything that changes a run from outside: start it, steer it, answer it, undo it."""

from __future__ import annotations

from dr_console.runs.services.answers import approve, decline
from dr_console.runs.services.starting import start_run
from dr_console.runs.services.steering import (
    abort,
    extend_deadline,
    ignore_step,
    mark_done,
    pause,
    resume,
    retry_step,
    skip_step,
    undo_run,
)
from dr_console.runs.services.switches import set_interlock

__all__ = [
    "abort",
    "approve",
    "decline",
    "extend_deadline",
    "ignore_step",
    "mark_done",
    "pause",
    "resume",
    "retry_step",
    "set_interlock",
    "skip_step",
    "start_run",
    "undo_run",
]
