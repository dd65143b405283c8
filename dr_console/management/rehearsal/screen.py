"""Live progress: a picture that changes in a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dr_console.management.rehearsal.report import Report, Unit, as_text, shown, word

NEWS_SHOWN = 8
# By state of runs.models.Step: a sign, and how it is drawn; the word stands beside it.
SIGNS = {
    "succeeded": ("✓", "green"),
    "skipped": ("↷", "dim"),
    "cancelled": ("·", "dim"),
    "failed_ignored": ("!", "yellow"),
    "running": ("▶", "bold cyan"),
    "ready": ("▷", "cyan"),
    "retry_wait": ("↻", "yellow"),
    "waiting_approval": ("?", "bold yellow"),
    "unknown": ("?", "bold red"),
    "failed": ("✗", "bold red"),
    "timed_out": ("✗", "bold red"),
    "rolled_back": ("↶", "dim"),
    "rollback_failed": ("✗", "bold red"),
}


@dataclass(frozen=True)
class StepShown:
    """A step as it stands. `seconds`: ours, so far or in all; None before it began."""

    title: str
    state: str
    word: str
    seconds: float | None = None
    words: str = ""


@dataclass(frozen=True)
class Picture:
    """The moment. `elapsed`: the world's seconds since the break. `failing`: share of users' requests that fails."""

    scenario: str
    elapsed: float
    goal: float
    speed: float
    incident: str = ""
    state: str = ""
    failing: float | None = None
    steps: tuple[StepShown, ...] = ()


class Screen(Protocol):
    def say(self, text: str, *, at: float | None = None) -> None:
        """One thing that happened. `at`: the world's seconds since the break."""
        ...

    def show(self, picture: Picture) -> None: ...

    def report(self, report: Report) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


def screen_for(output: TextIO | None = None, *, plain: bool = False) -> Screen:
    """The picture where there is a terminal to draw it on, unless `plain`."""
    output = output or sys.stdout
    return Plain(output) if plain or not output.isatty() else Drawn(output)


class Plain:
    """A line for each thing that happened; for logs, pipes and build servers."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def say(self, text: str, *, at: float | None = None) -> None:
        print(f"{clock(at)}  {text}", file=self._output, flush=True)

    def show(self, picture: Picture) -> None:
        pass

    def report(self, report: Report) -> None:
        print("\n" + "\n".join(as_text(report)), file=self._output, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass


class Drawn:
    """Steps, clock and the last things that happened, drawn anew in place a few times a second."""

    def __init__(self, output: TextIO) -> None:
        self._console = Console(file=output)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)
        self._news: deque[tuple[float | None, str]] = deque(maxlen=NEWS_SHOWN)
        self._all: list[tuple[float | None, str]] = []
        self._picture: Picture | None = None

    def say(self, text: str, *, at: float | None = None) -> None:
        self._news.append((at, text))
        self._all.append((at, text))
        self._draw()

    def show(self, picture: Picture) -> None:
        self._picture = picture
        self._draw()

    def report(self, report: Report) -> None:
        self._live.stop()
        for at, text in self._all:
            self._console.print(Text.assemble((clock(at), "dim"), "  ", text))
        self._console.print(_report(report))

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def _draw(self) -> None:
        parts: list[Panel | Table | Text] = [] if self._picture is None else [_picture(self._picture)]
        news = [Text.assemble((clock(at), "dim"), "  ", text, overflow="ellipsis") for at, text in self._news]
        self._live.update(Group(*parts, *news))


def clock(at: float | None) -> str:
    """12:05, or as many spaces; with a sign before the break."""
    if at is None:
        return "     "
    minutes, seconds = divmod(abs(round(at)), 60)
    return f"{'-' if at <= -0.5 else ''}{minutes:02}:{seconds:02}"


def _picture(picture: Picture) -> Panel:
    head = Text.assemble(
        ("SANDBOX", "bold black on yellow"),
        f" {picture.scenario} · ",
        (clock(picture.elapsed), "bold"),
        f" of {clock(picture.goal)} (RTO) · {picture.speed:g} × as fast",
    )
    facts = [head, Text(_users(picture.failing), style="red" if picture.failing else "green")]
    if picture.incident:
        facts.append(Text(f"{picture.incident}  {picture.state}", style="bold"))
    return Panel(Group(*facts, _steps(picture.steps)), title="DR Console rehearses", border_style="yellow")


def _users(failing: float | None) -> str:
    if failing is None:
        return "Users: nobody asks"
    return f"Users: {failing:.0%} of their requests fail" if failing else "Users: served"


def _steps(steps: tuple[StepShown, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    for step in steps:
        sign, style = SIGNS.get(step.state, ("○", "dim"))
        taken = "" if step.seconds is None else f"{step.seconds:.1f} s"
        table.add_row(
            Text(sign, style), Text(step.title, style), Text(step.word, style), taken, Text(step.words, "dim")
        )
    return table


def _report(report: Report) -> Group:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("", "console", "truth", "goal", "", ""):
        table.add_column(heading)
    for line in report.lines:
        goal = "" if line.goal is None else ("≤ " if line.unit is Unit.SECONDS else "") + shown(line.goal, line.unit)
        style = "green" if line.is_good else "bold red"
        values = (shown(line.console, line.unit), shown(line.truth, line.unit))
        table.add_row(line.title, *values, goal, Text(word(line), style), Text(line.note, "dim"))
    *notes, last = as_text(report)[-3:]
    return Group(
        "", table, "", Text("\n".join(notes), "dim"), Text(last, "bold green" if report.passed else "bold red")
    )
