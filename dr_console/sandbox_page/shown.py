"""The world in the words of the page: what the sandbox tells, made ready for templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from dr_console.providers.sandbox_shapes import Episode, Fault, KeptAnswer, Record, Truth, World, moment
from dr_console.sandbox_page import picture
from dr_console.sandbox_page.picture import Picture, Place
from dr_console.sandbox_page.places import city

MOST_HOSTS, MOST_DEPLOYMENTS, MOST_SNAPSHOTS = 9, 2, 8
ADDRESS_TYPES = ("A", "AAAA", "CNAME")
# the sandbox's word for an origin: (the page's state, in words)
ORIGIN_STATES: dict[str, tuple[str, str | Promise]] = {
    "up": ("ok", gettext_lazy("answers")),
    "slow": ("waiting", gettext_lazy("slow")),
    "failing": ("failed", gettext_lazy("answers with errors")),
    "dark": ("failed", gettext_lazy("does not answer")),
    "blocked": ("failed", gettext_lazy("stopped")),
    "cold": ("waiting", gettext_lazy("cold: slow to start")),
}
FINISHED, FAILED = {"ready", "available"}, {"error", "failed", "canceled"}


@dataclass(frozen=True)
class DnsRow:
    """A record, who answers under its name, and what is still heard of it for so many seconds."""

    record: Record
    origin: str
    state: str
    word: str
    heard: str
    seconds_left: int | None

    @property
    def is_old(self) -> bool:
        return bool(self.heard) and self.heard != self.record.content


@dataclass(frozen=True)
class Thing:
    """A deployment, a snapshot and the like, of whatever vendor. `state`: of the page; `word`: the vendor's own."""

    name: str
    kind: str
    word: str
    state: str
    percent: int | None = None
    is_shown: bool = False
    is_paused: bool = False


@dataclass(frozen=True)
class Story:
    """What is at work together: a scenario's rules, or one rule by itself. `heal`: what to call it when healing."""

    name: str
    heal: str
    is_scenario: bool
    since: datetime
    faults: list[Fault]

    @property
    def hits(self) -> int:
        return sum(fault.hits for fault in self.faults)


@dataclass(frozen=True)
class VendorRow:
    name: str
    requests: int
    effects: int
    doubles: list[str]


@dataclass(frozen=True)
class Shown:
    """Everything that the panel of the world shows."""

    world: World
    at: datetime
    picture: Picture
    sentence: str
    hosts: list[tuple[str, str, str, str]]
    good: float | None
    dns: list[DnsRow]
    stories: list[Story]
    deployments: list[Thing]
    snapshots: list[Thing]
    vendors: list[VendorRow]
    truth: Truth
    episode: Episode | None
    episode_title: str
    recovering: float | None


def shown(world: World, truth: Truth, titles: dict[str, str]) -> Shown:
    """`titles`: of the scenarios, by name."""
    hosts = [_host(world, name) for name in _hosts(world)]
    episode = truth.episodes[-1] if truth.episodes else None
    rate = world.users.error_rate
    return Shown(
        world=world,
        at=moment(world.now),
        picture=picture.draw(_columns(world)),
        sentence="; ".join(f"{host}: {origin}, {word}" for host, origin, _state, word in hosts),
        hosts=hosts,
        good=None if rate is None else (1 - rate) * 100,
        dns=_dns(world),
        stories=_stories(world.faults, titles),
        deployments=_deployments(world),
        snapshots=_snapshots(world),
        vendors=_vendors(truth),
        truth=truth,
        episode=episode,
        episode_title=titles.get(episode.name, episode.name) if episode else "",
        recovering=_recovering(world, episode),
    )


def said_in(texts: dict[str, str]) -> str:
    """The text in the language of the page, else in English."""
    return texts.get(get_language() or "en") or texts.get("en", "")


def _recovering(world: World, episode: Episode | None) -> float | None:
    """Seconds since users began to suffer, while they still do."""
    if episode is None or episode.first_failed_at is None or episode.rto_seconds is not None:
        return None
    return max(0.0, world.now - episode.first_failed_at)


# --- Who answers ---------------------------------------------------------------------------------------


def _hosts(world: World) -> list[str]:
    """Those that people ask; an origin's own name leads to itself. In use first."""
    origins = {origin.host for origin in world.origins}
    return sorted((host for host in world.answered_by if host not in origins), key=lambda host: (_is_spare(host), host))


def _is_spare(host: str) -> bool:
    """Users do not ask these: the standby's own names, and the one that a name outside the CDN enters it by."""
    return host.startswith(("backup", "balanced", "edge"))


def _host(world: World, host: str) -> tuple[str, str, str, str]:
    """Host, who answers it, state, and the state in words."""
    origin = next((each for each in world.origins if each.host == world.answered_by.get(host)), None)
    if origin is None:
        return host, "–", "failed", _("leads to no origin")
    if _is_proxied(world, host) and _cdn_fails(world):
        return host, city(origin), "failed", _("the CDN fails")
    state, word = ORIGIN_STATES.get(origin.state, ("unknown", origin.state))
    return host, city(origin), state, str(word)


def _is_proxied(world: World, host: str) -> bool:
    """Whether the name, or one that it leads to, is the CDN's; as users remember it, who follow old answers."""
    by_name = {record.name: record for record in world.dns if record.type in ADDRESS_TYPES}
    by_name |= {name: kept.records[0] for name, kept in world.resolvers.get("users", {}).items() if kept.records}
    seen: set[str] = set()
    while (record := by_name.get(host)) and host not in seen:
        if record.proxied:
            return True
        seen.add(host)
        host = record.content
    return False


def _cdn_fails(world: World) -> bool:
    return any(fault.kind == "cdn-outage" and fault.active for fault in world.faults)


# --- The picture ---------------------------------------------------------------------------------------


def _columns(world: World) -> list[list[Place]]:
    hosts = _hosts(world)[:MOST_HOSTS]
    used = {world.answered_by[host] for host in hosts if not _is_spare(host)}
    users = Place("users", _("Users"), _users_note(world), _users_state(world), tuple(f"host:{host}" for host in hosts))
    behind_cdn = [host for host in hosts if _is_proxied(world, host)]
    reached = dict.fromkeys(f"origin:{world.answered_by[host]}" for host in behind_cdn)
    cdn = Place(
        "cdn",
        _("CDN"),
        _("fails") if _cdn_fails(world) else _("%(count)s answers kept") % {"count": world.cache.answers},
        "failed" if _cdn_fails(world) else "ok",
        tuple(reached),
    )
    return [[users], [_named(world, host) for host in hosts], [cdn], _origins(world, used), _stores(world)]


def _users_state(world: World) -> str:
    rate = world.users.error_rate or 0.0
    return "failed" if rate > 0.05 else "waiting" if rate > 0 else "ok"


def _users_note(world: World) -> str:
    if rate := world.users.error_rate:
        return _("%(percent)s %% are not served") % {"percent": f"{rate * 100:.1f}"}
    return _("%(count)s requests/s") % {"count": f"{world.users.requests_per_second:g}"}


def _named(world: World, host: str) -> Place:
    _name, origin, state, _word = _host(world, host)
    to = "cdn" if _is_proxied(world, host) else f"origin:{world.answered_by[host]}"
    return Place(f"host:{host}", host, f"→ {origin}", "off" if _is_spare(host) else state, (to,))


def _origins(world: World, used: set[str]) -> list[Place]:
    places = []
    for origin in sorted(world.origins, key=lambda each: each.host not in used):
        state, word = ORIGIN_STATES.get(origin.state, ("unknown", origin.state))
        is_off = origin.host not in used and state != "failed"
        places.append(
            Place(
                f"origin:{origin.host}",
                f"{city(origin)} · {origin.provider}",
                origin.why or str(word),
                "off" if is_off else state,
                ("database", "cache", "objects", "search") if origin.host in used else (),
            )
        )
    return places


def _stores(world: World) -> list[Place]:
    product = world.product
    database = next((each for each in world.databases if each.name == product.database), None)
    canaries = _("%(count)s writes") % {"count": database.canaries} if database else ""
    stops = bool(database and not database.accepts_writes)
    why_no_database = product.why_no_database or (_("writes are stopped") if stops else "")
    return [
        _store("database", _("Database"), why_no_database, canaries),
        _store("cache", _("Cache"), product.why_no_cache, product.cache),
        _store("objects", _("Images"), product.why_no_objects, "R2"),
        _store("search", _("Search"), _("its index is lost") if product.search_index_lost else "", _("answers")),
    ]


def _store(key: str, title: str, why_not: str, note: str) -> Place:
    return Place(key, title, why_not or note, "failed" if why_not else "ok")


# --- Tables ----------------------------------------------------------------------------------------------


def _dns(world: World) -> list[DnsRow]:
    origins = {origin.host for origin in world.origins}
    records = [record for record in world.dns if record.type in ADDRESS_TYPES]
    kept = world.resolvers.get("users", {})
    inside = world.resolvers.get("cdn", {})
    rows = []
    for record in sorted(records, key=lambda each: (each.name in origins, _is_spare(each.name), each.name)):
        # Of a proxied name users hear the CDN's addresses; it is the CDN that keeps where its origin is.
        answer = (inside if record.proxied else kept).get(record.name)
        _name, origin, state, word = _host(world, record.name)
        rows.append(DnsRow(record, origin, state, word, _heard(answer), _seconds_left(answer, world.now)))
    return rows


def _heard(answer: KeptAnswer | None) -> str:
    return answer.records[0].content if answer and answer.records else ""


def _seconds_left(answer: KeptAnswer | None, now: float) -> int | None:
    return max(0, round(answer.until - now)) if answer else None


def _stories(faults: Iterable[Fault], titles: dict[str, str]) -> list[Story]:
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        found.setdefault(fault.story if fault.story in titles else fault.id, []).append(fault)
    return [
        Story(
            titles.get(name) or rules[0].kind,
            name,
            name in titles,
            moment(min(rule.made_at for rule in rules)),
            rules,
        )
        for name, rules in found.items()
    ]


def _vendors(truth: Truth) -> list[VendorRow]:
    names = sorted({*truth.requests, *truth.effects, *(double.vendor for double in truth.doubles)} - {"edge"})
    return [
        VendorRow(
            name,
            truth.requests.get(name, 0),
            truth.effects.get(name, 0),
            [f"{each.what} {each.target} × {each.times}" for each in truth.doubles if each.vendor == name],
        )
        for name in names
    ]


def _deployments(world: World) -> list[Thing]:
    """Of each project, the newest, and which of them answers."""
    things = []
    for project in _listed(world.vendors.get("vercel", {}).get("projects")):
        rows = _newest_first(_listed(project.get("deployments")))
        shown_id = project.get("shown")
        kept = [row for index, row in enumerate(rows) if index < MOST_DEPLOYMENTS or row.get("id") == shown_id]
        for row in kept:
            thing = _thing(str(project.get("name", "")), row)
            things.append(replace(thing, is_shown=row.get("id") == shown_id, is_paused=bool(project.get("paused"))))
    return things


def _snapshots(world: World) -> list[Thing]:
    """Of whatever vendor lists some."""
    rows = [(vendor, row) for vendor, told in world.vendors.items() for row in _listed(told.get("snapshots"))]
    rows.sort(key=lambda pair: _made(pair[1]), reverse=True)
    return [_thing(str(row.get("source") or vendor), row) for vendor, row in rows[:MOST_SNAPSHOTS]]


def _newest_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=_made, reverse=True)


def _listed(told: Any) -> list[dict[str, Any]]:
    return [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []


def _made(row: dict[str, Any]) -> str:
    return str(row.get("created_at") or row.get("created") or row.get("at") or "")


def _thing(kind: str, row: dict[str, Any]) -> Thing:
    word = str(row.get("state") or row.get("status") or "")
    percent = row.get("percent")
    lower = word.lower()
    state = "failed" if lower in FAILED else "ok" if lower in FINISHED else "running"
    percent = int(percent) if isinstance(percent, int | float) else None
    return Thing(str(row.get("name") or row.get("id") or "?"), kind, word, state, percent)
