"""DNS records as a zone file in BIND's notation, written and read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from dr_console.sandbox.cloudflare.zones import Record

HOSTS = ("CNAME", "NS", "PTR", "MX")
LINE = re.compile(r"(?P<name>\S+)\s+(?P<ttl>\d+\s+)?(?:IN\s+)?(?P<type>[A-Z]+)\s+(?P<content>.+)")


def written(zone: str, records: Iterable[Record]) -> str:
    lines = [f";; Domain:     {zone}.", f"$ORIGIN {zone}.", ""]
    for record in records:
        content = record["content"] + ("." if record["type"] in HOSTS else "")
        priority = f"{record['priority']} " if record["type"] == "MX" else ""
        notes = [f"cf_tags=cf-proxied:{str(record['proxied']).lower()}"] if record["proxiable"] else []
        notes = [record["comment"], *notes] if record["comment"] else notes
        note = f" ; {' '.join(notes)}" if notes else ""
        lines.append(f"{record['name']}.\t{record['ttl']}\tIN\t{record['type']}\t{priority}{content}{note}")
    return "\n".join(lines) + "\n"


def read(text: str, zone: str) -> list[dict[str, Any]]:
    """The records in it, as a request would name them; SOA and directives are passed over."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        match = LINE.match(line.split(" ;")[0].strip())
        if match is None or line.startswith((";", "$")) or match["type"] == "SOA":
            continue
        content, record = match["content"].strip(), {"name": match["name"], "type": match["type"]}
        if match["type"] == "MX":
            priority, _, content = content.partition(" ")
            found.append({**record, "content": content, "priority": int(priority), "ttl": _ttl(match["ttl"])})
        else:
            found.append({**record, "content": content, "ttl": _ttl(match["ttl"])})
    return found


def _ttl(text: str | None) -> int:
    seconds = int(text or 1)
    return seconds if seconds == 1 else max(60, min(86_400, seconds))
