"""Cloudflare's DNS records.

https://developers.cloudflare.com/api/resources/dns/subresources/records/
A record is only ever changed by PATCH: PUT resets what it does not name, of which `proxied` would be the worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_noop as _
from pydantic import TypeAdapter

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.dns import DnsRecord, Pointing
from dr_console.providers.cloudflare.shapes import Batch, Record
from dr_console.providers.cloudflare.wire import VENDOR, at, call, result, zone_id
from dr_console.providers.deadlines import Deadline
from dr_console.providers.side_by_side import side_by_side

READ = _("read the DNS record")
POINT = _("point the DNS record elsewhere")
PUT_BACK = _("put the DNS record back")

# They lead traffic somewhere, and a name has either addresses or one CNAME.
LEADING = ("A", "AAAA", "CNAME")
PER_PAGE = 100
MOST_COMMENT = 100  # of the free plan; the others allow 500
EXISTS = ("81053", "81054", "81057", "81058")
_RECORDS = TypeAdapter(list[Record])


class CloudflareDns:
    """The records of the zone that the settings name."""

    def record(self, name: str, *, type: str = "CNAME", deadline: Deadline) -> DnsRecord:
        found = [record for record in _all_of(name, READ, deadline) if record.type == type]
        return _only(found, name, READ)

    def leading(self, name: str, *, type: str = "CNAME", deadline: Deadline) -> DnsRecord:
        return _only(_leading(name, READ, deadline), name, READ)

    def point(
        self, pointing: Pointing, *, reference: str, before: DnsRecord | None = None, deadline: Deadline
    ) -> DnsRecord:
        before = before or _only(_leading(pointing.name, POINT, deadline), pointing.name, POINT)
        change = _change(before, pointing, reference)
        return _patch(before.id, change, POINT, deadline) if change else before

    def point_all(
        self,
        pointings: Sequence[Pointing],
        *,
        reference: str,
        before: Sequence[DnsRecord] = (),
        deadline: Deadline,
    ) -> list[DnsRecord]:
        _refuse_twice([pointing.name for pointing in pointings], POINT)
        names = [pointing.name for pointing in pointings]
        before = before or side_by_side(lambda name: _only(_leading(name, POINT, deadline), name, POINT), names)
        patches = [
            {"id": record.id, **change}
            for record, pointing in zip(before, pointings, strict=True)
            if (change := _change(record, pointing, reference))
        ]
        return _batch(before, patches, [], POINT, deadline)

    def put_back(self, record: DnsRecord, *, deadline: Deadline) -> DnsRecord:
        now = _where_it_is(record, deadline)
        if now is None:
            return _create(record, deadline)
        change = _difference(now, record)
        return _patch(now.id, change, PUT_BACK, deadline) if change else now

    def put_all_back(self, records: Sequence[DnsRecord], *, deadline: Deadline) -> list[DnsRecord]:
        _refuse_twice([f"{record.type} {record.name}" for record in records], PUT_BACK)
        found = side_by_side(lambda record: _where_it_is(record, deadline), records)
        pairs = list(zip(records, found, strict=True))
        patches = [
            {"id": now.id, **change}
            for record, now in pairs
            if now is not None and (change := _difference(now, record))
        ]
        posts = [_new(record) for record, now in pairs if now is None]
        return _batch([now or record for record, now in pairs], patches, posts, PUT_BACK, deadline)


def leading_records(name: str, *, deadline: Deadline) -> list[DnsRecord]:
    """The records of exactly this name that lead traffic somewhere: addresses or a CNAME. Any number, also none."""
    return _leading(name, READ, deadline)


def _all_of(name: str, operation: str, deadline: Deadline) -> list[DnsRecord]:
    """Every record of exactly this name. The answer is looked through again: a filter that is unknown is ignored."""
    name = _plain(name)
    params: dict[str, Any] = {"name.exact": name, "per_page": PER_PAGE}
    path = at("zones", zone_id(operation), "dns_records")
    answer = call("GET", path, operation=operation, deadline=deadline, params=params)
    return [record.as_record() for record in result(answer, _RECORDS) if _plain(record.name) == name]


def _leading(name: str, operation: str, deadline: Deadline) -> list[DnsRecord]:
    return [record for record in _all_of(name, operation, deadline) if record.type in LEADING]


def _plain(name: str) -> str:
    """A name as Cloudflare writes it: in lower case, in Punycode, and without a dot at its end."""
    name = name.rstrip(".").lower()
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def _only(found: Sequence[DnsRecord], name: str, operation: str) -> DnsRecord:
    if len(found) == 1:
        return found[0]
    if not found:
        raise ProviderError(VENDOR, operation, Problem.NOT_FOUND, said=name, permanent=True)
    listed = ", ".join(f"{record.type} {record.content}" for record in found)
    said = f"{name} has {len(found)} records, and one must be meant: {listed}"
    raise ProviderError(VENDOR, operation, Problem.REFUSED, said=said, permanent=True)


def _refuse_twice(names: Sequence[str], operation: str) -> None:
    plain = [_plain(name) for name in names]
    twice = sorted({name for name in plain if plain.count(name) > 1})
    if twice:
        said = f"named twice: {', '.join(twice)}"
        raise ProviderError(VENDOR, operation, Problem.REFUSED, said=said, permanent=True)


def _change(before: DnsRecord, pointing: Pointing, reference: str) -> dict[str, Any]:
    """What to send so that the record points there; nothing if it does already."""
    leads_there = before.type == pointing.type and _plain(before.content) == _plain(pointing.to)
    is_proxied = pointing.proxied is None or pointing.proxied == before.proxied
    if leads_there and is_proxied:
        return {}
    comment = f"DR {reference}: was {before.content}"[:MOST_COMMENT]
    change: dict[str, Any] = {"content": pointing.to, "comment": comment}
    if not is_proxied:
        change["proxied"] = pointing.proxied
    return change if before.type == pointing.type else {"type": pointing.type, **change}


def _where_it_is(record: DnsRecord, deadline: Deadline) -> DnsRecord | None:
    """The record as it now is: by its id, or, where that is gone, what has taken its place. None if nothing has."""
    found = _all_of(record.name, PUT_BACK, deadline)
    same = [now for now in found if now.id == record.id]
    if same:
        return same[0]
    rivals = LEADING if record.type in LEADING else (record.type,)
    others = [now for now in found if now.type in rivals]
    return _only(others, record.name, PUT_BACK) if others else None


def _difference(now: DnsRecord, wanted: DnsRecord) -> dict[str, Any]:
    """What to send so that one becomes the other; nothing else, as some plans refuse to have a field named at all."""
    whole, current = _whole(wanted), _whole(now)
    # What is set now, and was not then, must be named to be unset.
    unset = {key: False for key, value in current.get("settings", {}).items() if value is True}
    if unset:
        whole["settings"] = unset | whole.get("settings", {})
    return {key: value for key, value in whole.items() if value != current.get(key)}


def _whole(record: DnsRecord) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "type": record.type,
        "name": record.name,
        "content": record.content,
        "ttl": record.ttl,
        "proxied": record.proxied,
        "comment": record.comment,
        "tags": list(record.tags),
        **record.other,
    }
    if "data" in whole:
        del whole["content"]  # which Cloudflare makes of the data
    return whole


def _new(record: DnsRecord) -> dict[str, Any]:
    return {key: value for key, value in _whole(record).items() if value not in ("", [])}


def _patch(id: str, change: dict[str, Any], operation: str, deadline: Deadline) -> DnsRecord:
    path = at("zones", zone_id(operation), "dns_records", id)
    # Harmless: the same values again leave the record as it is.
    answer = call("PATCH", path, operation=operation, deadline=deadline, json=change, harmless=True)
    record = result(answer, Record).as_record()
    if record.id != id or _plain(record.content) != _plain(str(change.get("content", record.content))):
        answer.is_garbled("It is not the record that was asked for. ")
    return record


def _create(record: DnsRecord, deadline: Deadline) -> DnsRecord:
    path = at("zones", zone_id(PUT_BACK), "dns_records")
    try:
        answer = call("POST", path, operation=PUT_BACK, deadline=deadline, json=_new(record))
    except ProviderError as error:
        if error.code not in EXISTS or (now := _where_it_is(record, deadline)) is None:
            raise
        # Somebody was quicker, or we were, and did not hear of it.
        change = _difference(now, record)
        return _patch(now.id, change, PUT_BACK, deadline) if change else now
    return result(answer, Record).as_record()


def _batch(
    before: Sequence[DnsRecord],
    patches: Sequence[dict[str, Any]],
    posts: Sequence[dict[str, Any]],
    operation: str,
    deadline: Deadline,
) -> list[DnsRecord]:
    """Change these, and make those, in one transaction; answers with `before` as it then is, in its order."""
    if not patches and not posts:
        return list(before)
    path = at("zones", zone_id(operation), "dns_records", "batch")
    body = {name: list(items) for name, items in (("patches", patches), ("posts", posts)) if items}
    answer = call("POST", path, operation=operation, deadline=deadline, json=body, harmless=not posts)
    changed = result(answer, Batch)
    if len(changed.patches or []) != len(patches) or len(changed.posts or []) != len(posts):
        answer.is_garbled("It does not have as many records as were asked for. ")
    by_id = {record.id: record.as_record() for record in changed.patches or []}
    made = {(_plain(record.name), record.type): record.as_record() for record in changed.posts or []}
    return [by_id.get(record.id) or made.get((_plain(record.name), record.type)) or record for record in before]
