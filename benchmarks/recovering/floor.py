"""The least that recovering takes: the answers of the vendors on the longest way through the plan, and nothing else.

All that can be looked at beforehand is, side by side, from the first moment on; each change leaves the moment it may.
No database, no queue, no lease, nothing written down: it would not survive anything, and nobody could watch it.
"""

from __future__ import annotations

import http.client
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from dr_console.providers.deadlines import Deadline
from dr_console.runs.registry import Context, Facts, Sight, function
from dr_console.runs.specs import RunSpec, StepSpec

VERIFIES = "failover.verify_health"
LOOK_EVERY_SECONDS = 0.03
MOST_SECONDS = 120.0


def recover(spec: RunSpec, address: str) -> float:
    """Carry out what stands before the plan's verification, then ask until `address` is good; when it was (epoch)."""
    verifies = next(step for step in spec.steps if step.does == VERIFIES)
    needed = _before(spec, verifies)
    done: dict[str, threading.Event] = {step.key: threading.Event() for step in needed}
    results: dict[str, Facts] = {}
    with ThreadPoolExecutor(len(needed) * 2) as threads:
        for step in needed:
            look = function(step.does).look_ahead(_context(spec, step, {}))
            ahead = threads.submit(look) if look else None
            threads.submit(_carry_out, spec, step, ahead, done, results)
        return _first_good(address)


def _first_good(address: str) -> float:
    until = time.monotonic() + MOST_SECONDS
    while not is_well(address):
        assert time.monotonic() < until, "never recovered"
        time.sleep(LOOK_EVERY_SECONDS)
    return time.time()


def is_well(address: str) -> bool:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _before(spec: RunSpec, step: StepSpec) -> list[StepSpec]:
    """Everything that the step waits for, however indirectly."""
    by_key = {each.key: each for each in spec.steps}
    found: dict[str, StepSpec] = {}
    waiting = list(step.depends_on)
    while waiting:
        each = by_key[waiting.pop()]
        found[each.key] = each
        waiting += each.depends_on
    return list(found.values())


def _context(spec: RunSpec, step: StepSpec, results: dict[str, Facts]) -> Context:
    return Context(
        run_code="floor",
        subject=spec.subject,
        reference="floor",
        context=spec.context,
        key=step.key,
        parameters=step.parameters,
        token=f"floor-{step.key}-{time.time_ns()}",
        deadline=Deadline.after(MOST_SECONDS),
        results={key: results.get(key, {}) for key in step.depends_on},
    )


def _carry_out(
    spec: RunSpec,
    step: StepSpec,
    ahead: Future[Any] | None,
    done: dict[str, threading.Event],
    results: dict[str, Facts],
) -> None:
    for key in step.depends_on:
        done[key].wait(MOST_SECONDS)
    does = function(step.does)
    context = _context(spec, step, results)
    seen = does.observe(replace(context, ahead=ahead.result() if ahead else None))
    if seen.sight is not Sight.MATCHES and not does.only_looks:
        context = replace(context, before=seen.before, seen=seen)
        context = replace(context, effect=does.act(context))
        while (seen := does.verify(context)).sight is not Sight.MATCHES:
            time.sleep(LOOK_EVERY_SECONDS)
    results[step.key] = seen.now
    done[step.key].set()
