"""Zones and their DNS records, as Cloudflare keeps them."""

from __future__ import annotations

import copy
import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.cloudflare.envelope import Refusal, moment, wanted
from dr_console.sandbox.cloudflare.validation import check, full_name
from dr_console.sandbox.names import Name
from dr_console.sandbox.world import World

Record = dict[str, Any]

ZONE_ID = "c" * 32
ZONE = "example.com"
KEPT_BY_CLOUDFLARE = ("id", "created_on", "modified_on", "meta", "proxiable", "comment_modified_on", "tags_modified_on")
SAME_NAME = (
    "For more details, refer to "
    "<https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/>."
)
TOKYO, CALIFORNIA = "tokyo.origin.example.com", "california.origin.example.com"
# The customer's: name, type, content, proxied, comment, tags.
FIRST_RECORDS: tuple[tuple[str, str, str, bool, str, tuple[str, ...]], ...] = (
    ("api.example.com", "CNAME", TOKYO, True, "Public API, primary region", ("service:api", "team:platform")),
    ("www.example.com", "CNAME", TOKYO, True, "Website", ("service:web",)),
    # The name that is switched when the CDN fails is not proxied itself: a record that is leads back to the same CDN.
    ("cdn.example.com", "CNAME", "edge.example.com", False, "Static files", ("service:cdn",)),
    ("edge.example.com", "CNAME", TOKYO, True, "Static files, at the CDN", ()),
    ("images.example.com", "CNAME", TOKYO, True, "Users’ images", ("service:images",)),
    ("backup.example.com", "CNAME", CALIFORNIA, True, "Standby", ()),
    ("backup-api.example.com", "CNAME", CALIFORNIA, True, "Standby of the API", ()),
    ("backup-cdn.example.com", "CNAME", CALIFORNIA, False, "Standby of the static files, at another CDN", ()),
    (TOKYO, "A", "192.0.2.10", False, "Vercel, asia-northeast-1", ()),
    (CALIFORNIA, "A", "192.0.2.20", False, "Vercel, us-west-1", ()),
    ("frankfurt.origin.example.com", "A", "192.0.2.30", False, "AWS Lambda, eu-central-1", ()),
    (ZONE, "TXT", '"v=spf1 -all"', False, "", ()),
)


@dataclass
class Zone:
    """`plan`: free, pro, business or enterprise, which limits go by. `records`: by id, in the order they were made."""

    id: str
    name: str
    created_at: float
    plan: str = "pro"
    paused: bool = False
    records: dict[str, Record] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


class Zones:
    """All zones of the account, by id. What is written here is what the world's names answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = random.Random(f"{world.seed}:cloudflare")
        self.by_id: dict[str, Zone] = {}
        first = self.add(ZONE, id=ZONE_ID)
        for name, type, content, proxied, comment, tags in FIRST_RECORDS:
            given = {"name": name, "type": type, "content": content, "proxied": proxied, "comment": comment}
            id = hashlib.md5(f"{name} {type}".encode(), usedforsecurity=False).hexdigest()
            self.write(first, {**given, "tags": list(tags), "ttl": 1 if proxied else 300}, id=id)
        self.publish_all(first)

    def new_id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def add(self, name: str, *, id: str = "") -> Zone:
        zone = Zone(id or self.new_id(), name.lower(), self._world.clock.now())
        self.by_id[zone.id] = zone
        return zone

    def record(self, zone: Zone, id: str) -> Record:
        if id not in zone.records:
            raise Refusal(404, 81044, "Record does not exist.")
        return zone.records[id]

    def write(self, zone: Zone, given: dict[str, Any], *, id: str = "", before: Record | None = None) -> Record:
        """Put this record in place of `before`, or add it. What `given` does not name is reset to its default."""
        at = moment(self._world.clock.now())
        record: Record = {
            "id": id or (before["id"] if before else self.new_id()),
            "name": full_name(given.get("name"), zone.name),
            "type": str(given.get("type", "")).upper(),
            "content": given.get("content"),
            "proxiable": False,
            "proxied": _or_default(given, "proxied", False),
            "ttl": _or_default(given, "ttl", 1),
            "settings": dict(wanted(given, "settings", dict, {})),
            "meta": {},
            "comment": given.get("comment"),
            "tags": _or_default(given, "tags", []),
            "created_on": before["created_on"] if before else at,
            "modified_on": at,
        }
        record |= {key: given[key] for key in ("data", "priority") if given.get(key) is not None}
        check(record, zone.plan)
        self._note_when(record, before, at)
        if before is not None and _same(record, before):
            return before
        _refuse_conflict(zone, record)
        zone.records[record["id"]] = record
        return record

    def patch(self, zone: Zone, id: str, given: dict[str, Any]) -> Record:
        """Change only what `given` names."""
        before = self.record(zone, id)
        kept = {key: value for key, value in before.items() if key not in KEPT_BY_CLOUDFLARE}
        if "content" in given and "data" not in given:
            kept.pop("data", None)
        if given.get("type", before["type"]) != before["type"]:
            kept.pop("priority", None)
        return self.write(zone, {**kept, **given}, before=before)

    def delete(self, zone: Zone, id: str) -> Record:
        record = self.record(zone, id)
        del zone.records[id]
        return record

    def publish(self, zone: Zone, name: str, type: str) -> None:
        """Tell the world what this name now answers."""
        records = [
            Name(record["name"], record["type"], record["content"], record["ttl"], record["proxied"])
            for record in zone.records.values()
            if (record["name"], record["type"]) == (name, type)
        ]
        self._world.names.publish(name, type, records)

    def publish_all(self, zone: Zone) -> None:
        for name, type in {(record["name"], record["type"]) for record in zone.records.values()}:
            self.publish(zone, name, type)

    def changed(self, zone: Zone, what: str, before: Record | None, after: Record | None) -> None:
        """Publish a change and write it into the truth, unless nothing changed. `what`: "dns.patch"."""
        if before is after:
            return
        for record in (before, after):
            if record is not None:
                self.publish(zone, record["name"], record["type"])
        record = after or before or {}
        detail = {key: record.get(key) for key in ("id", "type", "content", "proxied", "ttl", "comment")}
        was = before["content"] if before else None
        self._world.truth.effect("cloudflare", what, record["name"], **detail, was=was)

    def copied(self, zone: Zone) -> dict[str, Record]:
        return copy.deepcopy(zone.records)

    def _note_when(self, record: Record, before: Record | None, at: str) -> None:
        for what in ("comment", "tags"):
            if record[what]:
                same = before is not None and before[what] == record[what]
                record[f"{what}_modified_on"] = before[f"{what}_modified_on"] if before and same else at


def _same(record: Record, before: Record) -> bool:
    return {**record, "modified_on": before["modified_on"]} == before


def _or_default(given: dict[str, Any], key: str, default: Any) -> Any:
    return default if given.get(key) is None else given[key]


def _refuse_conflict(zone: Zone, record: Record) -> None:
    others = [
        other for other in zone.records.values() if other["name"] == record["name"] and other["id"] != record["id"]
    ]
    if any((other["type"], other["content"]) == (record["type"], record["content"]) for other in others):
        raise Refusal(400, 81058, "An identical record already exists.")
    types = {other["type"] for other in others}
    if record["type"] == "CNAME" and types & {"A", "AAAA", "CNAME"}:
        raise Refusal(400, 81053, f"An A, AAAA, or CNAME record with that host already exists. {SAME_NAME}")
    if record["type"] in ("A", "AAAA") and "CNAME" in types:
        raise Refusal(400, 81054, f"A CNAME record with that host already exists. {SAME_NAME}")
    addresses = {"A", "AAAA", "CNAME"}
    if (record["type"] == "NS" and types & addresses) or (record["type"] in addresses and "NS" in types):
        raise Refusal(400, 81056, f"NS records with that host already exist. {SAME_NAME}")
