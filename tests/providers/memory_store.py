"""An object store in memory, for tests of what is stored rather than of how."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.objects import Stored, Written
from dr_console.providers.deadlines import Deadline


class MemoryStore:
    vendor = "Memory"
    bucket = "memory"

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, key: str, content: bytes, **_: Any) -> Written:
        self.kept[key] = content
        return Written(key, len(content), hashlib.md5(content).hexdigest(), hashlib.sha256(content).hexdigest())

    def put_stream(
        self, key: str, chunks: Iterable[bytes], *, metadata: Mapping[str, str] | None = None, **_: Any
    ) -> Written:
        return self.put(key, b"".join(chunks))

    @contextmanager
    def open(self, key: str, *, deadline: Deadline) -> Iterator[Any]:
        if key not in self.kept:
            raise ProviderError(self.vendor, "read the object", Problem.NOT_FOUND)
        yield _Body(self.kept[key], Stored(key, len(self.kept[key]), ""))


class _Body:
    def __init__(self, content: bytes, stored: Stored) -> None:
        self._content, self.stored = content, stored

    def __iter__(self) -> Iterator[bytes]:
        for at in range(0, len(self._content), 65_536):
            yield self._content[at : at + 65_536]
