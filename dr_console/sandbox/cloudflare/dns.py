"""Cloudflare's DNS records over HTTP.

https://developers.cloudflare.com/api/resources/dns/subresources/records/
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dr_console.sandbox.cloudflare import zone_files
from dr_console.sandbox.cloudflare.envelope import Refusal, identifier, ok, paged, sent, sent_form
from dr_console.sandbox.cloudflare.filters import filtered
from dr_console.sandbox.cloudflare.validation import PROXIABLE
from dr_console.sandbox.cloudflare.zones import Record, Zone, Zones

MOST_IN_A_BATCH = {"free": 200}
Change = tuple[str, Record | None, Record | None]


class DnsApi:
    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    def routes(self) -> list[Route]:
        records = "/zones/{zone_id}/dns_records"
        return [
            Route(records, self.index, methods=["GET"]),
            Route(records, self.create, methods=["POST"]),
            Route(f"{records}/batch", self.batch, methods=["POST"]),
            Route(f"{records}/export", self.export, methods=["GET"]),
            Route(f"{records}/import", self.import_, methods=["POST"]),
            Route(f"{records}/{{record_id}}", self.get, methods=["GET"]),
            Route(f"{records}/{{record_id}}", self.put, methods=["PUT"]),
            Route(f"{records}/{{record_id}}", self.patch, methods=["PATCH"]),
            Route(f"{records}/{{record_id}}", self.delete, methods=["DELETE"]),
        ]

    def zone(self, request: Request) -> Zone:
        zone = self._zones.by_id.get(identifier(request, "zone_id"))
        if zone is None:
            raise Refusal(403, 10000, "Authentication error")
        return zone

    async def index(self, request: Request) -> Response:
        found = filtered(self.zone(request).records.values(), request.query_params)
        return paged(request, found, usual=100, most=5_000_000)

    async def get(self, request: Request) -> Response:
        return ok(self._zones.record(self.zone(request), identifier(request, "record_id")))

    async def create(self, request: Request) -> Response:
        zone = self.zone(request)
        record = self._zones.write(zone, await sent(request))
        self._zones.changed(zone, "dns.create", None, record)
        return ok(record)

    async def put(self, request: Request) -> Response:
        """Overwrite: proxied, ttl, comment and tags that are not named go back to their defaults."""
        zone, id = self.zone(request), identifier(request, "record_id")
        before = self._zones.record(zone, id)
        record = self._zones.write(zone, await sent(request), before=before)
        self._zones.changed(zone, "dns.put", before, record)
        return ok(record)

    async def patch(self, request: Request) -> Response:
        zone, id = self.zone(request), identifier(request, "record_id")
        before = self._zones.record(zone, id)
        record = self._zones.patch(zone, id, await sent(request))
        self._zones.changed(zone, "dns.patch", before, record)
        return ok(record)

    async def delete(self, request: Request) -> Response:
        zone, id = self.zone(request), identifier(request, "record_id")
        before = self._zones.delete(zone, id)
        self._zones.changed(zone, "dns.delete", before, None)
        return ok({"id": id})

    async def batch(self, request: Request) -> Response:
        """Deletes, patches, puts, posts, in this order; all of them or none."""
        zone, wanted = self.zone(request), await sent(request)
        lists = {kind: _list(wanted, kind) for kind in ("deletes", "patches", "puts", "posts")}
        most = MOST_IN_A_BATCH.get(zone.plan, 3_500)
        if sum(map(len, lists.values())) > most:
            raise Refusal(400, 9208, f"Batch operations are limited to {most} changes.")
        before = self._zones.copied(zone)
        try:
            changes = {kind: [self._one(zone, kind, item) for item in items] for kind, items in lists.items()}
        except Refusal:
            zone.records = before
            raise
        for change in (change for kind in changes.values() for change in kind):
            self._zones.changed(zone, *change)
        return ok({kind: [after or was for _, was, after in made] for kind, made in changes.items()})

    def _one(self, zone: Zone, kind: str, item: dict[str, Any]) -> Change:
        if kind == "posts":
            return "dns.create", None, self._zones.write(zone, item)
        id = str(item.get("id", ""))
        was = self._zones.record(zone, id)
        given = {key: value for key, value in item.items() if key != "id"}
        if kind == "deletes":
            return "dns.delete", self._zones.delete(zone, id), None
        if kind == "patches":
            return "dns.patch", was, self._zones.patch(zone, id, given)
        return "dns.put", was, self._zones.write(zone, given, before=was)

    async def export(self, request: Request) -> Response:
        zone = self.zone(request)
        return PlainTextResponse(zone_files.written(zone.name, zone.records.values()))

    async def import_(self, request: Request) -> Response:
        zone = self.zone(request)
        form = await sent_form(request)
        proxied = form.get("proxied", "false").lower() == "true"
        parsed = zone_files.read(form.get("file", ""), zone.name)
        added = 0
        for given in parsed:
            try:
                record = self._zones.write(zone, {**given, "proxied": proxied and given["type"] in PROXIABLE})
            except Refusal:
                continue
            self._zones.changed(zone, "dns.create", None, record)
            added += 1
        return ok({"recs_added": added, "total_records_parsed": len(parsed)})


def _list(wanted: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    items = wanted.get(kind) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Refusal(400, 9207, "Request body is invalid.", pointer=f"/{kind}")
    return items
