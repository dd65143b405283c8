"""Objects whose bytes rot while their ETag stays, until they are mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from dr_console.sandbox.aws import moto_server
from dr_console.sandbox.aws.cloud import Cloud
from dr_console.sandbox.faults import Rule


def hook(cloud: Cloud, backend: Callable[[], Any], unnamed: str) -> Callable[[Rule], Callable[[], None] | None]:
    """For Faults.hooks. A rule's name is a key or "bucket/key", or a pattern of either; without one, `unnamed`."""

    def damage(rule: Rule) -> Callable[[], None] | None:
        with moto_server.lock:
            cloud.start()
            found = list(_named(backend(), rule.name or unnamed))
            kept = [(key, _spoil(key)) for key in found]
        if not kept:
            return None

        def mend() -> None:
            with moto_server.lock:
                for key, content in kept:
                    key.value = content

        return mend

    return damage


def _named(backend: Any, pattern: str) -> Iterator[Any]:
    for bucket in backend.buckets.values():
        for name in bucket.keys:
            if fnmatchcase(name, pattern) or fnmatchcase(f"{bucket.name}/{name}", pattern):
                yield from (key for key in bucket.keys.getlist(name)[-1:] if hasattr(key, "value"))


def _spoil(key: Any) -> bytes:
    """Turn a byte in the middle; the ETag stays that of what was written."""
    content: bytes = key.value
    key._etag = key.etag.strip('"') if key._etag is None else key._etag
    spoilt = bytearray(content)
    if spoilt:
        spoilt[len(spoilt) // 2] ^= 0xFF
    key.value = bytes(spoilt)
    return content
