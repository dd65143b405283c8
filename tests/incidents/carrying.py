"""Carry runs out in the sandbox as the failover workers do, one step after the other, and ask what really happened."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

from dr_console.runs import executor, outbox
from dr_console.runs.models import Run, Step
from incidents.models import FailoverPlan, Incident, Service
from incidents.queries import failover as known
from incidents.services import failover
from tests import make
from tests.sandboxed import Sandbox

S = Step.State
ZONE = "/cloudflare/client/v4/zones/" + "c" * 32
TOKEN = {"authorization": "Bearer sandbox-cloudflare-token"}


def plan(key: str) -> FailoverPlan:
    return known.plans().get(key=key)


def incident(**fields: Any) -> Incident:
    return make.incident(service=Service.objects.get(key="api"), **fields)


def start(key: str, about: Incident, **options: Any) -> Run:
    """Start the plan as the console does when it has noticed something."""
    given = {"by": None, "trigger": Run.Trigger.AUTOMATIC, "verb": Run.Verb.RECOVER} | options
    run, is_new = failover.start(plan(key), incident=about, **given)
    assert is_new
    return run


def carry_out(run: Run, *, seconds: float = 60) -> Run:
    """Until it has ended or waits for a person. What follows from it is told as the relay tells it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        due = [step.pk for step in run.steps.filter(state__in=(S.READY, S.RETRY_WAIT)) if executor.carry_out(step.pk)]
        outbox.relay()
        run.refresh_from_db()
        if not run.is_active or run.state in (Run.State.WAITING_APPROVAL, Run.State.PAUSED_BY_FAILED_STEP):
            if not due:
                return run
        if not due:
            time.sleep(0.05)
    raise AssertionError(f"{run.state}: {states(run)} {words(run)}")


def states(run: Run) -> dict[str, str]:
    return dict(run.steps.order_by("position").values_list("key", "state"))


def words(run: Run) -> dict[str, str]:
    return {step.key: step.words for step in run.steps.order_by("position")}


def step(run: Run, key: str) -> Step:
    return run.steps.get(key=key)


def records(world: Sandbox) -> dict[str, Any]:
    """Every DNS record as Cloudflare shows it, but for when it was last touched."""
    # Past our own client, and so past the contracts that hold it.
    asked = urllib.request.Request(f"{world.url}{ZONE}/dns_records?per_page=100", headers=TOKEN)
    with urllib.request.urlopen(asked) as answer:
        listed = json.load(answer)["result"]
    touched = ("modified_on", "comment_modified_on", "tags_modified_on")
    return {
        f"{one['type']} {one['name']}": {name: value for name, value in one.items() if name not in touched}
        for one in listed
    }


def break_it(world: Sandbox, scenario: str, *, for_seconds: float = 20, **parameters: Any) -> None:
    """Break the world, and let so much of its time pass until somebody has noticed."""
    world.post("/scenarios", {"name": scenario, "parameters": parameters})
    world.post("/clock", {"advance": for_seconds})


def done(world: Sandbox) -> dict[str, int]:
    """What requests of ours changed, by vendor and kind."""
    counted: dict[str, int] = {}
    for effect in world.get("/truth/effects")["effects"]:
        if effect["request"] and effect["vendor"] != "edge":
            name = f"{effect['vendor']} {effect['what']}"
            counted[name] = counted.get(name, 0) + 1
    return counted


def change_record(world: Sandbox, id: str, change: dict[str, Any]) -> None:
    """As somebody does in Cloudflare's own dashboard."""
    body, url = json.dumps(change).encode(), f"{world.url}{ZONE}/dns_records/{id}"
    headers = {**TOKEN, "content-type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PATCH")).close()


def make_record_anew(world: Sandbox, name: str) -> None:
    """As somebody does who deletes a record and writes it down again: it is the same, and has another id."""
    kept = next(record for key, record in records(world).items() if key == f"CNAME {name}")
    address = f"{world.url}{ZONE}/dns_records"
    headers = {**TOKEN, "content-type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{address}/{kept['id']}", headers=TOKEN, method="DELETE")).close()
    wanted = {key: kept[key] for key in ("type", "name", "content", "proxied", "ttl")}
    body = json.dumps(wanted).encode()
    urllib.request.urlopen(urllib.request.Request(address, body, headers, method="POST")).close()
