"""Dumps in an object store: written with a manifest beside them, and read back only as what the manifest says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict

from pydantic import TypeAdapter, ValidationError

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.dumps import Manifest
from dr_console.providers.capabilities.objects import ObjectStore, Written
from dr_console.providers.deadlines import Deadline

MOST_MANIFEST_BYTES = 64 * 1024
_MANIFEST = TypeAdapter(Manifest)


def write(
    store: ObjectStore,
    key: str,
    chunks: Iterable[bytes],
    *,
    content_type: str,
    expected_bytes: int,
    about: Callable[[Written], Manifest],
    deadline: Deadline,
) -> Manifest:
    """The dump first, and what it is only when it is whole."""
    written = store.put_stream(key, chunks, content_type=content_type, expected_bytes=expected_bytes, deadline=deadline)
    manifest = about(written)
    content = json.dumps(asdict(manifest), indent=2).encode()
    store.put(f"{key}.json", content, content_type="application/json", deadline=deadline)
    return manifest


def manifest(store: ObjectStore, key: str, *, operation: str, deadline: Deadline) -> Manifest:
    """Raises NOT_FOUND where the dump was never completed."""
    with store.open(f"{key}.json", deadline=deadline) as body:
        if body.stored.size > MOST_MANIFEST_BYTES:
            raise ProviderError(store.vendor, operation, Problem.GARBLED, said=f"{key}.json is no manifest.")
        content = b"".join(body)
    try:
        return _MANIFEST.validate_json(content)
    except ValidationError as error:
        shown = content[:200].decode(errors="replace")
        raise ProviderError(store.vendor, operation, Problem.GARBLED, said=f"{key}.json: “{shown}”") from error


def content(store: ObjectStore, said: Manifest, *, operation: str, deadline: Deadline) -> Iterator[bytes]:
    """The dump; at its end raises FAILED unless it was what the manifest says."""
    digest, size = hashlib.sha256(), 0
    with store.open(said.key, deadline=deadline) as body:
        for chunk in body:
            digest.update(chunk)
            size += len(chunk)
            yield chunk
    if (digest.hexdigest(), size) != (said.sha256, said.bytes):
        words = f"{said.key} is not what was written: {size} bytes with the SHA-256 {digest.hexdigest()}."
        raise ProviderError(store.vendor, operation, Problem.FAILED, said=words, permanent=True)
