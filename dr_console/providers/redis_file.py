"""The file that all keys of a Redis are dumped to: versioned, checked block by block, written and read as a stream.

  magic     8 bytes    "DRREDIS1"
  header    u32 length, JSON: {"version": 1, "made_at": ISO time, "server": "valkey 9.1.2", "keys": about how many}
  blocks    "B", u32 length, u32 CRC-32 of the content, content: records of up to a megabyte
  record    u16 database, i64 expires at (ms of the epoch, -1 never), u32 length of the key, u32 of the payload, both
  end       "E", u64 number of keys, SHA-256 (32 bytes) of everything before this "E"

Numbers are big-endian. A payload is what Redis's DUMP gives, which carries its own version and check sum.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MAGIC = b"DRREDIS1"
BLOCK_BYTES = 1024 * 1024
RECORD = struct.Struct(">HqII")
BLOCK = struct.Struct(">II")
COUNT = struct.Struct(">Q")
LENGTH = struct.Struct(">I")
MOST_BYTES = 1024 * 1024 * 1024  # of one block: Redis itself takes values of up to 512 MB


class Damaged(Exception):
    """The file is not what was written. The message says where."""


@dataclass(frozen=True)
class Record:
    """`expires_at`: milliseconds of the epoch, -1 for never."""

    database: int
    key: bytes
    payload: bytes
    expires_at: int = -1


def write(header: dict[str, Any], records: Iterable[Record]) -> Iterator[bytes]:
    """The file, in pieces of about a megabyte."""
    digest = hashlib.sha256()
    about = json.dumps({"version": 1, **header}).encode()
    count = 0

    def hashed(piece: bytes) -> bytes:
        digest.update(piece)
        return piece

    yield hashed(MAGIC + LENGTH.pack(len(about)) + about)
    block = bytearray()
    for record in records:
        block += RECORD.pack(record.database, record.expires_at, len(record.key), len(record.payload))
        block += record.key + record.payload
        count += 1
        if len(block) >= BLOCK_BYTES:
            yield hashed(_block(block))
            block.clear()
    if block:
        yield hashed(_block(block))
    yield b"E" + COUNT.pack(count) + digest.digest()


def _block(content: bytearray) -> bytes:
    return b"B" + BLOCK.pack(len(content), zlib.crc32(content)) + content


class Reader:
    """Reads what `write` wrote, holding one block in memory. `header` is there once reading has begun."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._waiting = bytearray()
        self._digest = hashlib.sha256()
        self.header: dict[str, Any] = {}

    def blocks(self) -> Iterator[list[Record]]:
        """The records, a block at a time, each checked. Raises Damaged; what came before was right."""
        self._read_header()
        count = 0
        while True:
            kind = self._take(1, hashed=False)
            if kind == b"E":
                self._check_end(count)
                return
            if kind != b"B":
                raise Damaged("a block begins with neither B nor E")
            self._digest.update(kind)
            length, crc = BLOCK.unpack(self._take(BLOCK.size))
            if length > MOST_BYTES:
                raise Damaged(f"a block says that it is {length} bytes long")
            content = self._take(length)
            if zlib.crc32(content) != crc:
                raise Damaged(f"the check sum of the block behind key {count} is wrong")
            records = list(_records(content))
            count += len(records)
            yield records

    def _read_header(self) -> None:
        if self._take(len(MAGIC)) != MAGIC:
            raise Damaged("it is no dump of ours")
        (length,) = LENGTH.unpack(self._take(LENGTH.size))
        try:
            self.header = json.loads(self._take(min(length, 65_536)))
        except ValueError as error:
            raise Damaged("its header cannot be read") from error
        if not isinstance(self.header, dict) or self.header.get("version") != 1:
            raise Damaged("it was written by a newer version of the console")

    def _check_end(self, count: int) -> None:
        expected = self._digest.digest()
        (said,) = COUNT.unpack(self._take(COUNT.size, hashed=False))
        if said != count:
            raise Damaged(f"it has {count} keys, and says {said}")
        if self._take(len(expected), hashed=False) != expected:
            raise Damaged("its SHA-256 is wrong")

    def _take(self, length: int, *, hashed: bool = True) -> bytes:
        while len(self._waiting) < length:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise Damaged("it ends too early")
            self._waiting += chunk
        taken = bytes(self._waiting[:length])
        del self._waiting[:length]
        if hashed:
            self._digest.update(taken)
        return taken


def _records(content: bytes) -> Iterator[Record]:
    at = 0
    while at < len(content):
        database, expires_at, key_length, payload_length = RECORD.unpack_from(content, at)
        at += RECORD.size
        key, payload = content[at : at + key_length], content[at + key_length : at + key_length + payload_length]
        at += key_length + payload_length
        yield Record(database, key, payload, expires_at)


def verified(chunks: Iterable[bytes]) -> int:
    """Read the whole file; how many keys it has. Raises Damaged."""
    return sum(len(records) for records in Reader(chunks).blocks())
