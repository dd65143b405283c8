"""Whether an answer is a good one, and what its headers tell of who gave it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from dr_console.providers.capabilities.probe import Edge, Failure, JsonCheck, Target
from dr_console.providers.probe.faults import Failed
from dr_console.providers.probe.http1 import Reply

QUOTED_CHARACTERS = 200
_KEY = re.compile(r"[^.\[\]]+")


def judge(target: Target, reply: Reply) -> None:
    """Raises Failed (STATUS, BODY)."""
    lowest, highest = target.statuses
    if not lowest <= reply.status <= highest:
        raise Failed(Failure.STATUS, _quoted(reply))
    if target.contains and target.contains.encode() not in reply.body:
        raise Failed(Failure.BODY, f"“{target.contains}” is not in: {_quoted(reply)}")
    if target.json is not None:
        _judge_json(target.json, reply)


def _judge_json(check: JsonCheck, reply: Reply) -> None:
    try:
        found = _at(check.path, json.loads(reply.body))
    except (ValueError, RecursionError) as error:
        raise Failed(Failure.BODY, f"no JSON: {_quoted(reply)}") from error
    except LookupError as error:
        raise Failed(Failure.BODY, f"there is no {check.path} in: {_quoted(reply)}") from error
    # In JSON, true is not 1.
    if found != check.equals or isinstance(found, bool) != isinstance(check.equals, bool):
        raise Failed(Failure.BODY, f"{check.path} is {_short(json.dumps(found, ensure_ascii=False))}")


def _at(path: str, value: Any) -> Any:
    """Raises LookupError if there is no such place."""
    for key in _KEY.findall(path.removeprefix("$")):
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value[key]
        else:
            raise LookupError(key)
    return value


def _quoted(reply: Reply) -> str:
    """The body in short, or where it would send us."""
    if location := reply.headers.get("location"):
        return f"→ {_short(location)}"
    return _short(bytes(reply.body[: QUOTED_CHARACTERS * 4]).decode(errors="replace"))


def _short(text: str) -> str:
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= QUOTED_CHARACTERS else text[:QUOTED_CHARACTERS] + "…"


def edge(headers: Mapping[str, str]) -> Edge:
    ray, age = headers.get("cf-ray", ""), headers.get("age", "")
    return Edge(
        server=headers.get("server", ""),
        via=headers.get("via", ""),
        age=int(age) if age.isascii() and age.isdecimal() and len(age) < 12 else None,
        colo=ray.rpartition("-")[2] if "-" in ray else "",
        cf_ray=ray,
        cache=headers.get("cf-cache-status", ""),
        vercel_id=headers.get("x-vercel-id", ""),
    )
