"""What the palette finds of runs: by their code, which people say aloud."""

from __future__ import annotations

from collections.abc import Iterator

from dr_console.runs.models import Run
from dr_console.web.navigation import Found, Person

MOST = 5


def find_runs(person: Person, text: str) -> Iterator[Found]:
    if not person.has_perm("runs.view_run"):
        return
    for run in Run.objects.filter(code__startswith=text.strip().lower())[:MOST]:
        yield Found(f"{run.title} {run.code}", run.get_absolute_url(), hint=str(run.get_state_display()), icon="route")
