"""What a rehearsal prints and writes: one line for each thing measured, the console's word beside the truth."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Unit(StrEnum):
    SECONDS = "seconds"
    COUNT = "count"


class Line(BaseModel):
    """One thing that was measured. Seconds are the world's. `goal`: at most so much, or exactly, of what is counted.

    `met`: whether the objective was met; `agrees`: whether console and truth say the same; None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    title: str
    unit: Unit
    console: float | None = None
    truth: float | None = None
    goal: float | None = None
    met: bool | None = None
    agrees: bool | None = None
    note: str = ""

    @property
    def is_good(self) -> bool:
        return self.met is not False and self.agrees is not False


class Report(BaseModel):
    """A whole rehearsal. `speed`: the world's seconds in one of ours. `passed`: all is met, and both agree."""

    model_config = ConfigDict(extra="forbid")

    scenario: str
    parameters: dict[str, str | float] = Field(default_factory=dict)
    expected: str = Field(description="acts, or refuses")
    began_at: datetime
    seconds: float = Field(description="How long it took, of ours.")
    speed: float
    probe_seconds: float = Field(description="Ours, between two rounds of health checks.")
    tolerance_seconds: float = Field(description="The world's: how far the console's times may be from the true ones.")
    incident: str = ""
    failure: str = Field("", description="What the console said had failed.")
    reasons: list[str] = Field(default_factory=list)
    lines: list[Line]
    passed: bool


def schema() -> dict[str, Any]:
    """JSON Schema of what `--json` writes."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Report.model_json_schema(mode="serialization")}


def as_text(report: Report) -> list[str]:
    """The table, and below it what passed or did not."""
    rows = [("", "console", "truth", "goal", ""), *(_cells(line) for line in report.lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in rows]
    said = [f"{text}  {row[4]}".rstrip() for text, row in zip(lines, rows, strict=True)]
    return [*said, "", *_footnotes(report), verdict(report)]


def verdict(report: Report) -> str:
    if report.passed:
        met = "every objective was met" if report.expected == "acts" else "it rightly did nothing"
        return f"Passed: {met}, and console and truth agree."
    wrong = [f"{line.title.lower()} ({word(line)})" for line in report.lines if not line.is_good]
    return f"NOT PASSED: {'; '.join(wrong)}."


def word(line: Line) -> str:
    """What is to be said of a line in one or two words."""
    if line.met is False:
        return "MISSED"
    if line.agrees is False:
        return "DISAGREE"
    return " ".join(filter(None, ["met" if line.met else "", "agree" if line.agrees else ""]))


def _cells(line: Line) -> tuple[str, str, str, str, str]:
    after = f"{word(line):<12}{line.note}".rstrip()
    return (line.title, shown(line.console, line.unit), shown(line.truth, line.unit), _goal(line), after)


def _goal(line: Line) -> str:
    if line.goal is None:
        return ""
    return f"≤ {shown(line.goal, line.unit)}" if line.unit is Unit.SECONDS else shown(line.goal, line.unit)


def shown(value: float | None, unit: Unit) -> str:
    """3 min 20 s; 12; – for what is unknown."""
    if value is None:
        return "–"
    if unit is Unit.COUNT:
        return f"{value:g}"
    if value < 60:
        return f"{value:.1f} s"
    minutes, seconds = divmod(round(value), 60)
    return f"{minutes} min {seconds:02} s" if seconds else f"{minutes} min"


def _footnotes(report: Report) -> list[str]:
    return [
        f"Seconds are the world's, {report.speed:g} in each of ours; it took {report.seconds:.0f} of ours. "
        f"Health checks every {report.probe_seconds:g} s of ours:",
        f"console and truth agree when they are at most {report.tolerance_seconds:.0f} s of the world apart.",
    ]


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
