"""Objects in S3, and in R2, which speaks S3's language.

https://docs.aws.amazon.com/AmazonS3/latest/API/ and https://developers.cloudflare.com/r2/api/s3/api/
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws import bucket_rules, multipart, session
from dr_console.providers.aws.buckets import Bucket
from dr_console.providers.capabilities.objects import (
    SHA256,
    Body,
    Deleted,
    Lock,
    Protection,
    Replication,
    Stored,
    Version,
    Written,
)
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline

LIST = _("list the objects")
READ = _("read the object")
WRITE = _("write the object")
COPY = _("copy the object")
DELETE = _("delete the object")
LIST_VERSIONS = _("list the objects’ versions")
CLEAR = _("throw away unfinished uploads")
CHUNK_BYTES = 1024 * 1024
PAGE_KEYS = 1000
REPLICATION = {
    "PENDING": Replication.PENDING,
    "COMPLETED": Replication.COMPLETED,
    "COMPLETE": Replication.COMPLETED,
    "FAILED": Replication.FAILED,
    "REPLICA": Replication.REPLICA,
}


class S3Objects:
    """One bucket of S3; by default the one that R2 is copied to."""

    vendor = session.NAMES["aws"]
    _settings = "aws"

    def __init__(self, bucket: str = "", *, region: str | None = None) -> None:
        self._bucket, self._region = bucket, region

    @property
    def bucket(self) -> str:
        return self._bucket or credential(self._settings, "bucket", operation=READ)

    def _of(self, operation: str, deadline: Deadline) -> Bucket:
        client = session.client("s3", operation=operation, region=self._region, vendor=self._settings)
        return Bucket(client, self.bucket, self.vendor, operation, deadline)

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    def objects(self, prefix: str = "", *, after: str = "", deadline: Deadline) -> Iterator[Stored]:
        bucket = self._of(LIST, deadline)
        more = {"StartAfter": after} if after else {}
        for answer in bucket.pages("list_objects_v2", Prefix=prefix, MaxKeys=PAGE_KEYS, **more):
            yield from map(_listed, answer.read_as(_Listing).Contents)

    def head(self, key: str, *, version: str = "", deadline: Deadline) -> Stored:
        bucket = self._of(READ, deadline)
        return _stored(key, bucket.read("head_object", Key=key, **_version(version)).read_as(_Head))

    @contextmanager
    def open(self, key: str, *, version: str = "", deadline: Deadline) -> Iterator[Body]:
        bucket = self._of(READ, deadline)
        answer = bucket.read("get_object", Key=key, **_version(version))
        stream = answer.json()["Body"]
        try:
            yield _Reading(_stored(key, answer.read_as(_Head)), bucket, stream)
        finally:
            stream.close()

    def versions(self, prefix: str = "", *, deadline: Deadline) -> Iterator[Version]:
        yield from bucket_rules.versions(self._of(LIST_VERSIONS, deadline), prefix)

    def lock(self, key: str, *, version: str = "", deadline: Deadline) -> Lock:
        return bucket_rules.lock(self._of(READ, deadline), key, **_version(version))

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def put(
        self,
        key: str,
        content: bytes,
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | None = None,
        only_if_new: bool = False,
        only_if_etag: str = "",
        deadline: Deadline,
    ) -> Written:
        digest = hashlib.sha256(content).hexdigest()
        condition = {"IfNoneMatch": "*"} if only_if_new else {}
        condition |= {"IfMatch": f'"{only_if_etag}"'} if only_if_etag else {}
        answer = self._of(WRITE, deadline).change(
            "put_object",
            # Writing the same once more changes nothing; under a condition, the second attempt would be refused.
            harmless=not condition,
            Key=key,
            Body=content,
            ContentMD5=base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
            **about(content_type, {**(metadata or {}), SHA256: digest}),
            **condition,
        )
        made = answer.read_as(_Made)
        return Written(key, len(content), made.ETag.strip('"'), digest, made.VersionId)

    def put_stream(
        self,
        key: str,
        chunks: Iterable[bytes],
        *,
        content_type: str = "",
        metadata: Mapping[str, str] | None = None,
        expected_bytes: int = 0,
        only_if_new: bool = False,
        deadline: Deadline,
    ) -> Written:
        parts = multipart.in_parts(chunks, multipart.part_bytes(expected_bytes))
        first = next(parts, b"")
        second = next(parts, None)
        if second is None:
            return self.put(
                key,
                first,
                content_type=content_type,
                metadata=metadata,
                only_if_new=only_if_new,
                deadline=deadline,
            )
        upload = multipart.Upload(self._of(WRITE, deadline), key, about(content_type, metadata or {}))
        return upload.of([first, second], parts, only_if_new=only_if_new)

    def copy(self, key: str, to: str, *, version: str = "", deadline: Deadline) -> Stored:
        bucket = self._of(COPY, deadline)
        source = {"Bucket": bucket.name, "Key": key, **_version(version)}
        stored = self.head(key, version=version, deadline=deadline)
        if stored.size > multipart.MOST_COPIED_BYTES:
            upload = multipart.Upload(bucket, to, about(stored.content_type, stored.metadata))
            upload.copy(source, stored)
        else:
            # Exactly what was looked at: an object that was overwritten since is not taken for it.
            bucket.change("copy_object", harmless=True, Key=to, CopySource=source, CopySourceIfMatch=f'"{stored.etag}"')
        return self.head(to, deadline=deadline)

    def restore(self, key: str, version: str, *, deadline: Deadline) -> Stored:
        return self.copy(key, key, version=version, deadline=deadline)

    def delete(self, key: str, *, deadline: Deadline) -> Deleted:
        answer = self._of(DELETE, deadline).change("delete_object", harmless=True, Key=key).read_as(_Gone)
        return Deleted(key, answer.VersionId if answer.DeleteMarker else "")

    def abort_leftovers(self, *, before: datetime, deadline: Deadline) -> list[str]:
        return list(multipart.abort_leftovers(self._of(CLEAR, deadline), before))

    # ── what protects them ────────────────────────────────────────────────────────────────────────────────────────

    def protection(self, *, deadline: Deadline) -> Protection:
        return bucket_rules.protection(self._of(bucket_rules.READ, deadline))

    def protect(self, wanted: Protection, *, deadline: Deadline) -> Protection:
        return bucket_rules.protect(self._of(bucket_rules.SET, deadline), wanted)


class R2Objects(S3Objects):
    """One bucket of Cloudflare's R2, which keeps no versions and does not replicate by itself."""

    vendor = session.NAMES["r2"]
    _settings = "r2"

    def versions(self, prefix: str = "", *, deadline: Deadline) -> Iterator[Version]:
        self._has_none(LIST_VERSIONS)

    def restore(self, key: str, version: str, *, deadline: Deadline) -> Stored:
        self._has_none(COPY)

    def lock(self, key: str, *, version: str = "", deadline: Deadline) -> Lock:
        self._has_none(READ, "R2 has no object lock over the S3 API.")

    def protection(self, *, deadline: Deadline) -> Protection:
        return Protection(lifecycle=bucket_rules.lifecycle(self._of(bucket_rules.READ, deadline)))

    def protect(self, wanted: Protection, *, deadline: Deadline) -> Protection:
        if wanted.versioning or wanted.replication or wanted.lock_enabled:
            self._has_none(bucket_rules.SET, "R2 has no versioning, no replication and no object lock.")
        bucket_rules.set_lifecycle(self._of(bucket_rules.SET, deadline), wanted.lifecycle)
        return self.protection(deadline=deadline)

    def _has_none(self, operation: str, said: str = "R2 has no versioning.") -> NoReturn:
        raise ProviderError(self.vendor, operation, Problem.REFUSED, said=said, permanent=True)


def about(content_type: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {"Metadata": dict(metadata)} if metadata else {}
    return {**given, "ContentType": content_type} if content_type else given


def _version(version: str) -> dict[str, str]:
    return {"VersionId": version} if version else {}


class _Reading:
    """An open object. It is read to its end, or not at all trusted."""

    def __init__(self, stored: Stored, bucket: Bucket, stream: Any) -> None:
        self.stored = stored
        self._bucket, self._stream = bucket, stream

    def __iter__(self) -> Iterator[bytes]:
        come = 0
        while chunk := self._bucket.act(lambda: self._stream.read(CHUNK_BYTES)):
            come += len(chunk)
            self._bucket.check_time()
            yield chunk
        if come != self.stored.size:
            said = f"{come} bytes came instead of {self.stored.size}."
            raise ProviderError(self._bucket.vendor, self._bucket.operation, Problem.BROKEN, said=said)


@dataclass(frozen=True)
class _Item:
    Key: str
    Size: int
    ETag: str
    LastModified: datetime
    StorageClass: str = ""


@dataclass(frozen=True)
class _Listing:
    Contents: list[_Item] = field(default_factory=list)


@dataclass(frozen=True)
class _Head:
    ContentLength: int
    ETag: str
    LastModified: datetime
    ContentType: str = ""
    VersionId: str = ""
    Metadata: dict[str, str] = field(default_factory=dict)
    ReplicationStatus: str = ""
    StorageClass: str = ""


@dataclass(frozen=True)
class _Made:
    ETag: str
    VersionId: str = ""


@dataclass(frozen=True)
class _Gone:
    VersionId: str = ""
    DeleteMarker: bool = False


def _listed(item: _Item) -> Stored:
    return Stored(item.Key, item.Size, item.ETag.strip('"'), item.LastModified, storage_class=item.StorageClass)


def _stored(key: str, head: _Head) -> Stored:
    return Stored(
        key,
        head.ContentLength,
        head.ETag.strip('"'),
        head.LastModified,
        "" if head.VersionId == "null" else head.VersionId,
        head.ContentType,
        head.Metadata,
        REPLICATION.get(head.ReplicationStatus, Replication.NONE),
        head.StorageClass,
    )
