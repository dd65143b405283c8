"""The body of an answer as text, whatever somebody may have put there."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import httpx


def unpacked(response: httpx.Response) -> Iterable[bytes]:
    """The body, unpacked in pieces of a size that we choose: a small gzip can hold gigabytes."""
    if response.is_stream_consumed:
        yield response.content
        return
    packed = response.headers.get("content-encoding", "identity").strip().lower()
    if packed in ("", "identity"):
        yield from response.iter_raw()
        return
    if packed not in ("gzip", "x-gzip"):
        raise httpx.DecodingError(f"the answer is packed as {packed}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for chunk in response.iter_raw():
            while chunk:
                yield unpacker.decompress(chunk, 65536)
                chunk = unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error as error:
        raise httpx.DecodingError(f"the answer cannot be unpacked: {error}") from None


def decoded(body: bytes, charset: str | None) -> str:
    try:
        text = body.decode(charset or "utf-8", errors="replace")
    except (LookupError, ValueError):  # a charset that nobody knows, or one that is none
        text = body.decode(errors="replace")
    return text.removeprefix("\ufeff")


def is_page(text: str) -> bool:
    """A page for people where an API should answer: a portal's, a proxy's, a login's."""
    return text[:100].lstrip().lower().startswith(("<!doctype html", "<html"))
