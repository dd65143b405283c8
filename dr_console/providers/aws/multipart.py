"""Objects written in parts (docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers.aws.buckets import Bucket
from dr_console.providers.capabilities.objects import Stored, Written
from dr_console.providers.deadlines import Deadline

MEGABYTE = 1024 * 1024
LEAST_PART_BYTES = 8 * MEGABYTE
MOST_PARTS = 10_000
MOST_COPIED_BYTES = 5 * 1024 * MEGABYTE  # in one call
COPIED_PART_BYTES = 512 * MEGABYTE
CLEARING_SECONDS = 10.0


def part_bytes(expected_bytes: int) -> int:
    """Size of a part, so that ten thousand suffice with a quarter to spare. R2 wants all but the last alike."""
    needed = -(-expected_bytes * 5 // 4 // MOST_PARTS)
    return max(LEAST_PART_BYTES, -(-needed // MEGABYTE) * MEGABYTE)


def in_parts(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of exactly `size`, but for the last."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= size:
            yield bytes(waiting[:size])
            del waiting[:size]
    if waiting:
        yield bytes(waiting)


@dataclass
class _Sent:
    """What was sent so far. `md5s`: of each part, of which the whole object's ETag is made."""

    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    md5s: bytes = b""
    parts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def etag(self) -> str:
        return f"{hashlib.md5(self.md5s, usedforsecurity=False).hexdigest()}-{len(self.parts)}"


class Upload:
    """One upload in parts: completed as a whole, or thrown away."""

    def __init__(self, bucket: Bucket, key: str, about: Mapping[str, Any]) -> None:
        self._bucket, self._key, self._about = bucket, key, about
        self._id = ""

    def of(self, first: list[bytes], rest: Iterator[bytes], *, only_if_new: bool) -> Written:
        sent = _Sent()

        def send() -> None:
            while first:
                self._send(first.pop(0), sent)
            for part in rest:
                self._send(part, sent)

        return self._whole(send, sent, only_if_new)

    def copy(self, source: Mapping[str, str], stored: Stored) -> Written:
        """From another object at the vendor's, without the content passing through here."""
        sent = _Sent(size=stored.size)
        size = max(COPIED_PART_BYTES, part_bytes(stored.size))

        def send() -> None:
            for start in range(0, stored.size, size):
                span = f"bytes={start}-{min(start + size, stored.size) - 1}"
                answer = self._part(
                    "upload_part_copy",
                    len(sent.parts) + 1,
                    CopySource=source,
                    CopySourceRange=span,
                    CopySourceIfMatch=f'"{stored.etag}"',
                )
                self._note(sent, answer.read_as(_Copied, at="CopyPartResult").ETag)

        return self._whole(send, sent, only_if_new=False)

    def _whole(self, send: Callable[[], None], sent: _Sent, only_if_new: bool) -> Written:
        begun = self._bucket.change("create_multipart_upload", Key=self._key, **self._about)
        self._id = begun.read_as(str, at="UploadId")
        keep = False
        try:
            send()
            version = self._complete(sent, only_if_new)
            keep = True
        except ProviderError as error:
            keep = error.outcome is Outcome.UNKNOWN  # it may be complete, and then there is nothing to throw away
            raise
        finally:
            if not keep:  # whatever ended it, also the stream that was to be sent
                self._abort()
        return Written(self._key, sent.size, sent.etag, sent.sha256.hexdigest(), version)

    def _send(self, part: bytes, sent: _Sent) -> None:
        digest = hashlib.md5(part, usedforsecurity=False).digest()
        sent.sha256.update(part)
        sent.size += len(part)
        md5 = base64.b64encode(digest).decode()
        answer = self._part("upload_part", len(sent.parts) + 1, Body=part, ContentMD5=md5)
        self._note(sent, answer.read_as(str, at="ETag"))

    def _part(self, method: str, number: int, **params: Any) -> Any:
        if number > MOST_PARTS:
            said = f"It has become longer than {MOST_PARTS} parts; say beforehand how long it will be."
            raise ProviderError(self._bucket.vendor, self._bucket.operation, said=said, permanent=True)
        # The same part sent again replaces itself.
        return self._bucket.change(method, harmless=True, Key=self._key, UploadId=self._id, PartNumber=number, **params)

    def _note(self, sent: _Sent, etag: str) -> None:
        sent.parts.append({"PartNumber": len(sent.parts) + 1, "ETag": etag})
        with suppress(ValueError):  # no MD5 where the bucket encrypts with a key of KMS
            sent.md5s += bytes.fromhex(etag.strip('"'))

    def _complete(self, sent: _Sent, only_if_new: bool) -> str:
        """Version of the object. A completion of which nobody knows is looked up: the ETag tells."""
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if only_if_new else {}
        parts = {"Parts": sent.parts}
        try:
            answer = self._bucket.change(
                "complete_multipart_upload", Key=self._key, UploadId=self._id, MultipartUpload=parts, **condition
            )
        except ProviderError as error:
            if error.outcome is not Outcome.UNKNOWN:
                raise
            return self._completed_after_all(error, sent.etag)
        done = answer.read_as(_Completed)
        if len(sent.md5s) == 16 * len(sent.parts) and done.ETag.strip('"') not in (sent.etag, ""):
            said = f"The ETag is {done.ETag}, and of what was sent it would be {sent.etag}."
            raise ProviderError(self._bucket.vendor, self._bucket.operation, Problem.FAILED, said=said)
        return done.VersionId

    def _completed_after_all(self, error: ProviderError, etag: str) -> str:
        try:
            found = self._bucket.read("head_object", Key=self._key).read_as(_Completed)
        except ProviderError:
            raise error from None
        if found.ETag.strip('"') != etag:
            raise error
        return found.VersionId

    def _abort(self) -> None:
        soon = Bucket(
            self._bucket.client,
            self._bucket.name,
            self._bucket.vendor,
            self._bucket.operation,
            Deadline.after(CLEARING_SECONDS),
        )
        with suppress(ProviderError):  # what is left over is found by abort_leftovers, and by the bucket's lifecycle
            soon.change("abort_multipart_upload", harmless=True, Key=self._key, UploadId=self._id)


def abort_leftovers(bucket: Bucket, before: datetime) -> Iterator[str]:
    for page in bucket.pages("list_multipart_uploads"):
        for upload in page.read_as(_Uploads).Uploads:
            if upload.Initiated < before:
                bucket.change("abort_multipart_upload", harmless=True, Key=upload.Key, UploadId=upload.UploadId)
                yield upload.Key


@dataclass(frozen=True)
class _Copied:
    ETag: str


@dataclass(frozen=True)
class _Completed:
    ETag: str
    VersionId: str = ""


@dataclass(frozen=True)
class _Unfinished:
    Key: str
    UploadId: str
    Initiated: datetime


@dataclass(frozen=True)
class _Uploads:
    Uploads: list[_Unfinished] = field(default_factory=list)
