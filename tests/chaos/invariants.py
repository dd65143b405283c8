"""What has to be true whatever was killed: read from the vendor's own log and from the database, E1 to E10."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from dr_console.runs import events
from dr_console.runs.models import Run, Step, StepEvent
from tests.chaos.stage import Stage

S = Step.State
# Clocks of one host; a log line is written a moment after what it tells.
SLACK_SECONDS = 0.05


def violations(stage: Stage) -> list[str]:
    """Every promise that was broken, in words; empty if all were kept."""
    log, truth = stage.log(), stage.truth()
    runs = list(Run.objects.order_by("pk"))
    steps = list(Step.objects.select_related("run"))
    lines = StepEvent.objects.order_by("run_id", "seq").values("run_id", "step", "kind", "at", "fence", "data")
    by_step: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        by_step[line["run_id"], line["step"]].append(line)
    return [
        *_doubled(truth),
        *_missing(steps, truth),
        *_too_early(steps, log),
        *_unintended(steps, by_step, log),
        *_stolen(stage, by_step),
        *_too_often(steps, by_step, log),
        *_hanging(runs, steps),
        *(f"E9 {run.code}: the log is broken at {seq}" for run in runs if (seq := events.first_broken(run))),
        *_side_by_side(runs),
    ]


def _doubled(truth: dict[str, Any]) -> Iterator[str]:
    for name, tokens in truth["made"].items():
        for token, times in Counter(tokens).items():
            if times > 1:
                yield f"E1 {name}: {token} is there {times} times"


def _missing(steps: list[Step], truth: dict[str, Any]) -> Iterator[str]:
    for step in steps:
        name, wanted = step.parameters["name"], step.parameters["value"]
        if step.state != S.SUCCEEDED or step.undoes_id or step.run.state == Run.State.ROLLED_BACK:
            continue
        if step.does == "chaos.set":
            if truth["values"].get(name) != wanted:
                yield f"E3 {name} is {truth['values'].get(name)!r}"
        elif step.token not in truth["made"].get(name, []):
            yield f"E2 {name} was never made"


def _too_early(steps: list[Step], log: list[dict[str, Any]]) -> Iterator[str]:
    known = {(step.run_id, step.key): step for step in steps}
    by_token = {step.token: step for step in steps}
    for line in log:
        step = by_token[line["token"]]
        for key in step.depends_on:
            before = known[step.run_id, key]
            if before.ended_at is None or before.ended_at.timestamp() > line["at"] + SLACK_SECONDS:
                yield f"E4 {step} was asked for before {key} was done"


def _unintended(steps: list[Step], by_step: dict[tuple[int, str], Any], log: list[dict[str, Any]]) -> Iterator[str]:
    by_token = {step.token: step for step in steps}
    asked: Counter[str] = Counter()
    for line in log:
        step = by_token[line["token"]]
        asked[step.token] += 1
        intents = [
            one
            for one in by_step[step.run_id, step.key]
            if one["kind"] == "intended" and one["at"].timestamp() <= line["at"] + SLACK_SECONDS
        ]
        if len(intents) < asked[step.token]:
            yield f"E5 {step} was asked for {asked[step.token]} times with {len(intents)} intents"


def _stolen(stage: Stage, by_step: dict[tuple[int, str], Any]) -> Iterator[str]:
    for (run, key), lines in by_step.items():
        moves = [line for line in lines if line["kind"] not in ("intended", "acted", "call", "command")]
        for before, claim in pairwise(moves):
            if claim["kind"] == "claimed" and before["kind"] == "claimed":
                yield f"E6 {run}/{key}: claimed while it was claimed"
        for line in lines:
            if line["kind"] == "owner_gone" and not _was_gone(stage, line):
                yield f"E6 {run}/{key}: taken from {line['data']['owner']} who was there"


def _was_gone(stage: Stage, line: dict[str, Any]) -> bool:
    at = line["at"].timestamp()
    pid = int(line["data"]["owner"].rpartition(":")[2].partition("-")[0])
    lease_ended = datetime.fromisoformat(line["data"]["lease_until"]).timestamp()
    return at + SLACK_SECONDS >= lease_ended or stage.killed.get(pid, at + 1e9) <= at + SLACK_SECONDS


def _too_often(steps: list[Step], by_step: dict[tuple[int, str], Any], log: list[dict[str, Any]]) -> Iterator[str]:
    faults = Counter(line["token"] for line in log if line["fault"])
    for step in steps:
        asked = sum(line["token"] == step.token for line in log)
        gone = sum(line["kind"] == "owner_gone" for line in by_step[step.run_id, step.key])
        if asked > faults[step.token] + gone + 1:
            yield f"E7 {step} was asked for {asked} times, with {faults[step.token]} faults and {gone} owners gone"


def _hanging(runs: list[Run], steps: list[Step]) -> Iterator[str]:
    for run in runs:
        if run.is_active and not (run.state.startswith("paused") or run.state == "waiting_approval"):
            yield f"E8 run {run.code} is still {run.state}"
    for step in steps:
        if step.state == S.RUNNING and step.lease_until is None:
            yield f"E8 step {step} has no lease"


def _side_by_side(runs: list[Run]) -> Iterator[str]:
    by_subject: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_subject[run.subject].append(run)
    for subject, some in by_subject.items():
        for first, second in pairwise(sorted(some, key=lambda run: run.created_at)):
            if first.ended_at is None or first.ended_at > second.created_at:
                yield f"E10 {subject}: {first.code} and {second.code} at once"
