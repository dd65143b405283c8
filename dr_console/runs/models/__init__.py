"""Runs, their steps, and everything that happened to them. The database is the only truth: see docs/runs.md."""

from __future__ import annotations

from dr_console.runs.models.outbox import Outbox
from dr_console.runs.models.preview import StoredPreview
from dr_console.runs.models.run import Run, RunQuerySet, new_code
from dr_console.runs.models.steering import Approval, Command, Interlock, ResourceLock
from dr_console.runs.models.step import Step, StepEvent

__all__ = [
    "Approval",
    "Command",
    "Interlock",
    "Outbox",
    "ResourceLock",
    "Run",
    "RunQuerySet",
    "Step",
    "StepEvent",
    "StoredPreview",
    "new_code",
]
