"""What follows from the truth: when it failed, when users were served again, what was lost, what was done twice."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dr_console.sandbox.canaries import Canaries
from dr_console.sandbox.faults import Fault
from dr_console.sandbox.truth import Effect

if TYPE_CHECKING:
    from dr_console.sandbox.world import World


OBJECTS_KEPT_SECONDS = 7_000.0


@dataclass(frozen=True)
class Episode:
    """One thing that was broken. `until`: when the next one began, or now."""

    name: str
    failed_at: float
    healed_at: float | None
    until: float


def figures(world: World) -> dict[str, Any]:
    """All of it as JSON values. Times are seconds of the world's clock (UTC), spans are seconds."""
    now = world.clock.now()
    return {
        "now": now,
        "moment": world.clock.moment().isoformat(),
        "episodes": [_told(world, episode) for episode in episodes(world)],
        "canaries": _canaries(world),
        "users": world.users.traffic.recent(now),
        "requests": dict(world.truth.requests_by_vendor),
        "effects": dict(Counter(each.vendor for each in world.truth.effects)),
        "doubles": doubles(list(world.truth.effects)),
        "notifications": dict(Counter(message.channel for message in world.outbox.messages)),
    }


def episodes(world: World) -> list[Episode]:
    """In the order of their beginning; one whose time has not come is not among them."""
    now = world.clock.now()
    batches: dict[int, list[Fault]] = {}
    for fault in (*world.faults.past, *world.faults.all()):
        if fault.story and fault.began_at <= now:
            batches.setdefault(fault.batch, []).append(fault)
    began = sorted((min(fault.began_at for fault in faults), batch) for batch, faults in batches.items())
    ends = [*(at for at, _batch in began[1:]), now]
    return [
        Episode(batches[batch][0].story, at, _healed_at(batches[batch], now), until)
        for (at, batch), until in zip(began, ends, strict=False)
    ]


def _healed_at(faults: list[Fault], now: float) -> float | None:
    ends = [fault.ended_at for fault in faults]
    last = max((end for end in ends if end is not None), default=None)
    return None if last is None or None in ends or last > now else last


def _told(world: World, episode: Episode) -> dict[str, Any]:
    outages = world.users.traffic.outages(episode.failed_at, episode.until)
    firsts = {outage.service: outage for outage in reversed(outages)}
    counts = world.users.traffic.counts(episode.failed_at, episode.until)
    effects = [each for each in world.truth.effects if episode.failed_at <= each.at <= episode.until]
    messages = [each for each in world.outbox.messages if episode.failed_at <= each.at <= episode.until]
    refused = [run for run in world.users.refused.runs if run.at + len(run) > episode.failed_at]
    return {
        "name": episode.name,
        "failed_at": episode.failed_at,
        "healed_at": episode.healed_at,
        **_recovery([outage.first_failed_at for outage in firsts.values()], [o.first_good_at for o in firsts.values()]),
        "services": {
            service: {
                **row,
                **_recovery(
                    [outage.first_failed_at for outage in outages if outage.service == service][:1],
                    [outage.first_good_at for outage in outages if outage.service == service][:1],
                ),
                "outages": [asdict(outage) for outage in outages if outage.service == service],
            }
            for service, row in sorted(counts.items())
        },
        "canaries_refused": sum(len(run) for run in refused if run.at < episode.until),
        "effects": dict(Counter(each.vendor for each in effects)),
        "doubles": doubles(effects),
        "notifications": dict(Counter(message.channel for message in messages)),
    }


def _recovery(failed: list[float], good: list[float | None]) -> dict[str, float | None]:
    """True RTO: from the first failed request to the first good one that was followed by no failure for 10 s."""
    first_failed_at = min(failed, default=None)
    times = [at for at in good if at is not None]
    first_good_at = max(times) if times and len(times) == len(good) else None
    rto = None if first_failed_at is None or first_good_at is None else first_good_at - first_failed_at
    return {"first_failed_at": first_failed_at, "first_good_at": first_good_at, "rto_seconds": rto}


def _canaries(world: World) -> dict[str, Any]:
    """Lost is what the product acknowledged and the database it uses now does not have."""
    acknowledged, present = world.users.acknowledged, world.stores.database().canaries
    lost = acknowledged.without(present)
    return {
        "acknowledged": len(acknowledged),
        "refused": len(world.users.refused),
        "newest": acknowledged.newest,
        "lost": len(lost),
        "lost_runs": [[run.first, run.last] for run in lost.runs],
        **_span(lost),
        **_in_r2(world, acknowledged),
    }


def _span(lost: Canaries) -> dict[str, Any]:
    """True RPO: the time over which what was acknowledged is lost, back from the newest lost to the oldest."""
    if lost.oldest is None or lost.newest is None:
        return {"oldest_lost": None, "newest_lost": None, "rpo_seconds": 0.0}
    oldest, newest = lost[lost.oldest], lost[lost.newest]
    return {
        "oldest_lost": {"number": lost.oldest, "at": oldest},
        "newest_lost": {"number": lost.newest, "at": newest},
        "rpo_seconds": newest - oldest + 1.0,
    }


def _in_r2(world: World, acknowledged: Canaries) -> dict[str, Any]:
    """What the bucket lacks of the last two hours' canaries, once somebody has asked R2 for anything."""
    if world.stores.canaries_in_r2 is None:
        return {}
    there = world.stores.canaries_in_r2() | {written.number for written in world.stores.to_r2}
    recent = acknowledged.copy()
    recent.forget_before(world.clock.now() - OBJECTS_KEPT_SECONDS)
    missing = [number for number in recent if number not in there]
    return {"lost_in_r2": len(missing), "newest_lost_in_r2": max(missing, default=None)}


def doubles(effects: list[Effect]) -> list[dict[str, Any]]:
    """What was done to something in the same words twice, with nothing else done to it in between."""
    found: dict[tuple[str, str], list[list[Effect]]] = {}
    for each in effects:
        same = found.setdefault((each.vendor, each.target), [[]])
        if same[-1] and _words(same[-1][-1]) != _words(each):
            same.append([])
        same[-1].append(each)
    return [
        {"vendor": vendor, "what": same[0].what, "target": target, "times": len(same), "at": [each.at for each in same]}
        for (vendor, target), groups in found.items()
        for same in groups
        if len(same) > 1
    ]


def _words(effect: Effect) -> str:
    """Without what differs each time of itself: the id of what was made, and what was there before."""
    told = {name: value for name, value in effect.detail.items() if name not in ("id", "was") and name[-3:] != "_id"}
    return f"{effect.what} {json.dumps(told, sort_keys=True, default=str)}"
