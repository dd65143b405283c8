"""What Cloudflare accepts as a DNS record, and in which words it refuses another.

https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/create/
Since October 2024 the error is the root cause itself, no longer wrapped in 1004 "DNS Validation Error".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from dr_console.sandbox.cloudflare.envelope import Refusal

PROXIABLE = ("A", "AAAA", "CNAME")
# Of types that are written as `data`: the order of its fields in the content.
DATA = {
    "CAA": ("flags", "tag", "value"),
    "CERT": ("type", "key_tag", "algorithm", "certificate"),
    "DNSKEY": ("flags", "protocol", "algorithm", "public_key"),
    "DS": ("key_tag", "algorithm", "digest_type", "digest"),
    "HTTPS": ("priority", "target", "value"),
    "LOC": ("lat_degrees", "lat_direction", "long_degrees", "long_direction", "altitude"),
    "NAPTR": ("order", "preference", "flags", "service", "regex", "replacement"),
    "SMIMEA": ("usage", "selector", "matching_type", "certificate"),
    "SRV": ("priority", "weight", "port", "target"),
    "SSHFP": ("algorithm", "type", "fingerprint"),
    "SVCB": ("priority", "target", "value"),
    "TLSA": ("usage", "selector", "matching_type", "certificate"),
    "URI": ("priority", "weight", "target"),
}
TYPES = ("A", "AAAA", "CNAME", "MX", "NS", "OPENPGPKEY", "PTR", "TXT", *DATA)
TAG = re.compile(r"[A-Za-z0-9_-]{1,32}(:.{0,100})?", re.DOTALL)
LABEL = re.compile(r"(?!-)[A-Za-z0-9_*-]{1,63}(?<!-)")
MOST_COMMENT = {"free": 100}
MOST_TAGS = {"free": 0}


def is_host(name: str) -> bool:
    name = name.rstrip(".")
    return 0 < len(name) <= 253 and all(LABEL.fullmatch(label) for label in name.split("."))


def full_name(given: Any, zone: str) -> str:
    """The whole name, in lower case: "api", "@" and "api.example.com" are all allowed."""
    if not isinstance(given, str) or not given.strip():
        raise Refusal(400, 9000, "DNS name is invalid.", pointer="/name")
    name = given.strip().rstrip(".").lower()
    if name in ("@", zone):
        return zone
    name = name if name.endswith(f".{zone}") else f"{name}.{zone}"
    if not is_host(name):
        raise Refusal(400, 9000, "DNS name is invalid.", pointer="/name")
    return name


def check(record: dict[str, Any], plan: str) -> None:
    """Fill in what is computed, and raise Refusal if this is no record. `plan`: free, pro, business, enterprise."""
    type: str = record["type"]
    if type not in TYPES:
        raise Refusal(400, 9020, "Invalid DNS record type.", pointer="/type")
    if type in DATA:
        _check_data(record, type)
    content = record.get("content")
    if not isinstance(content, str) or not content.strip():
        raise Refusal(400, 9207, f"Content for {type} record is required.", pointer="/content")
    record["content"] = CONTENTS.get(type, _anything)(content.strip(), record["name"])
    if type == "MX":
        _check_priority(record)
    _check_traffic(record, type, plan)
    _check_notes(record, plan)


def _check_data(record: dict[str, Any], type: str) -> None:
    fields = record.get("data")
    if isinstance(fields, dict):
        wanted = [field for field in DATA[type] if field in fields]
        values = [f'"{fields[field]}"' if (type, field) == ("CAA", "value") else str(fields[field]) for field in wanted]
        record["content"] = " ".join(values)
        if "priority" in fields:
            record["priority"] = fields["priority"]
    elif not record.get("content"):
        raise Refusal(400, 9101, f"{type} records need data.", pointer="/data")


def _check_priority(record: dict[str, Any]) -> None:
    priority = record.get("priority")
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= 65_535:
        raise Refusal(400, 9100, "Invalid priority. Must be between 0 and 65,535.", pointer="/priority")


def _check_traffic(record: dict[str, Any], type: str, plan: str) -> None:
    ttl, proxied = record["ttl"], record["proxied"]
    if not isinstance(proxied, bool):
        raise Refusal(400, 9003, 'Invalid "proxied" value, must be a boolean.', pointer="/proxied")
    if proxied and type not in PROXIABLE:
        raise Refusal(400, 9004, "This record type cannot be proxied.", pointer="/proxied")
    least = 30 if plan == "enterprise" else 60
    whole = isinstance(ttl, int | float) and not isinstance(ttl, bool) and float(ttl).is_integer()
    if not whole or (ttl != 1 and not least <= ttl <= 86_400):
        message = f"Invalid TTL. Must be between {least} and 86,400 seconds, or 1 for Automatic."
        raise Refusal(400, 9021, message, pointer="/ttl")
    # A proxied record's TTL is always automatic.
    record["ttl"] = 1 if proxied else int(ttl)
    record["proxiable"] = type in PROXIABLE


def _check_notes(record: dict[str, Any], plan: str) -> None:
    comment, tags = record["comment"], record["tags"]
    most = MOST_COMMENT.get(plan, 500)
    if comment is not None and (not isinstance(comment, str) or len(comment) > most):
        raise Refusal(400, 9313, f"DNS record comment is too long: the limit is {most} characters.", pointer="/comment")
    if not isinstance(tags, list) or not all(isinstance(tag, str) and TAG.fullmatch(tag) for tag in tags):
        raise Refusal(400, 9301, "DNS record has an invalid tag.", pointer="/tags")
    quota = MOST_TAGS.get(plan, 20)
    if len(tags) > quota:
        message = f"DNS record has {len(tags)} tags, exceeding the quota of {quota}."
        raise Refusal(400, 9300, message, pointer="/tags")
    record["tags"] = sorted(set(tags), key=str.lower)
    record["comment"] = comment or None


def _ipv4(content: str, name: str) -> str:
    try:
        return str(ipaddress.IPv4Address(content))
    except ValueError as error:
        raise Refusal(400, 9005, "Content for A record must be a valid IPv4 address.", pointer="/content") from error


def _ipv6(content: str, name: str) -> str:
    try:
        return str(ipaddress.IPv6Address(content))
    except ValueError as error:
        raise Refusal(400, 9006, "Content for AAAA record must be a valid IPv6 address.", pointer="/content") from error


def _cname(content: str, name: str) -> str:
    host = _host(content, name, 9007, "CNAME")
    if host == name:
        raise Refusal(400, 9039, "CNAME content cannot reference itself.", pointer="/content")
    return host


def _mx(content: str, name: str) -> str:
    return "." if content == "." else _host(content, name, 9009, "MX")


def _ns(content: str, name: str) -> str:
    return _host(content, name, 9008, "NS")


def _ptr(content: str, name: str) -> str:
    return _host(content, name, 9010, "PTR")


def _host(content: str, name: str, code: int, type: str) -> str:
    try:
        ipaddress.ip_address(content)
        is_address = True
    except ValueError:
        is_address = False
    if is_address or not is_host(content):
        raise Refusal(400, code, f"Content for {type} record is invalid.", pointer="/content")
    return content.rstrip(".").lower()


def _anything(content: str, name: str) -> str:
    return content


CONTENTS: dict[str, Callable[[str, str], str]] = {
    "A": _ipv4,
    "AAAA": _ipv6,
    "CNAME": _cname,
    "MX": _mx,
    "NS": _ns,
    "PTR": _ptr,
}
