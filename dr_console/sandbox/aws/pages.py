"""A listing page by page, as the query services give it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from dr_console.sandbox.aws.answers import Fault

T = TypeVar("T")


def page(
    items: Iterable[T], params: dict[str, Any], *, least: int, most: int, key: Callable[[T], str]
) -> tuple[list[T], str | None]:
    """The part asked for by Marker and MaxRecords, in the order of `key`, and the Marker of the next."""
    size = params.get("MaxRecords") or most
    if not least <= int(size) <= most:
        raise Fault(
            "InvalidParameterValue", f"Invalid value {size} for MaxRecords. Must be between {least} and {most}."
        )
    after = _read(params["Marker"]) if params.get("Marker") else ""
    left = sorted((item for item in items if key(item) > after), key=key)
    part = left[: int(size)]
    return part, (b64encode(key(part[-1]).encode()).decode() if len(left) > len(part) else None)


def _read(marker: str) -> str:
    try:
        return b64decode(marker, validate=True).decode()
    except ValueError as error:
        raise Fault("InvalidParameterValue", "The parameter Marker is not valid.") from error
