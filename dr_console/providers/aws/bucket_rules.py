"""What protects a bucket: versions, lifecycle, replication, object lock (docs.aws.amazon.com/AmazonS3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from django.utils.translation import gettext_noop as _

from dr_console.providers.aws.buckets import Bucket
from dr_console.providers.capabilities.objects import Lock, Protection, Version

READ = _("read the bucket’s rules")
SET = _("set the bucket’s rules")
NO_LIFECYCLE = ("NoSuchLifecycleConfiguration",)
NO_REPLICATION = ("ReplicationConfigurationNotFoundError",)
NO_LOCK = ("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration")


@dataclass(frozen=True)
class _Kept:
    Key: str
    VersionId: str
    IsLatest: bool
    LastModified: datetime
    Size: int = 0
    ETag: str = ""


@dataclass(frozen=True)
class _Versions:
    Versions: list[_Kept] = field(default_factory=list)
    DeleteMarkers: list[_Kept] = field(default_factory=list)


def versions(bucket: Bucket, prefix: str) -> Iterator[Version]:
    for answer in bucket.pages("list_object_versions", Prefix=prefix):
        page = answer.read_as(_Versions)
        kept = [_version(each, is_marker=False) for each in page.Versions]
        markers = [_version(each, is_marker=True) for each in page.DeleteMarkers]
        # They come as two lists; within a key the newest is first.
        yield from sorted(
            chain(kept, markers), key=lambda each: (each.key, -each.modified_at.timestamp(), not each.is_latest)
        )


def _version(kept: _Kept, *, is_marker: bool) -> Version:
    return Version(
        kept.Key, kept.VersionId, kept.IsLatest, kept.LastModified, is_marker, kept.Size, kept.ETag.strip('"')
    )


def protection(bucket: Bucket) -> Protection:
    mode, days, enabled = _default_lock(bucket)
    return Protection(
        versioning=str(bucket.read("get_bucket_versioning").json().get("Status", "")),
        lifecycle=lifecycle(bucket),
        replication=_replication(bucket),
        lock_enabled=enabled,
        lock_mode=mode,
        lock_days=days,
    )


def lifecycle(bucket: Bucket) -> tuple[Mapping[str, object], ...]:
    answer = bucket.read_or_none("get_bucket_lifecycle_configuration", *NO_LIFECYCLE)
    return tuple(answer.read_as(list[dict[str, Any]], at="Rules")) if answer else ()


def _replication(bucket: Bucket) -> Mapping[str, object]:
    answer = bucket.read_or_none("get_bucket_replication", *NO_REPLICATION)
    return answer.read_as(dict[str, Any], at="ReplicationConfiguration") if answer else {}


@dataclass(frozen=True)
class _Retention:
    Mode: str = ""
    Days: int = 0
    Years: int = 0


@dataclass(frozen=True)
class _LockRule:
    DefaultRetention: _Retention = field(default_factory=_Retention)


@dataclass(frozen=True)
class _LockRules:
    ObjectLockEnabled: str = ""
    Rule: _LockRule = field(default_factory=_LockRule)


def _default_lock(bucket: Bucket) -> tuple[str, int, bool]:
    answer = bucket.read_or_none("get_object_lock_configuration", *NO_LOCK)
    if answer is None:
        return "", 0, False
    rules = answer.read_as(_LockRules, at="ObjectLockConfiguration")
    retention = rules.Rule.DefaultRetention
    return retention.Mode, retention.Days or retention.Years * 365, rules.ObjectLockEnabled == "Enabled"


def protect(bucket: Bucket, wanted: Protection) -> Protection:
    found = protection(bucket)
    if wanted.versioning and wanted.versioning != found.versioning:
        rule = {"Status": wanted.versioning}
        bucket.change("put_bucket_versioning", harmless=True, VersioningConfiguration=rule)
    if not covers(found.lifecycle, wanted.lifecycle) or len(found.lifecycle) != len(wanted.lifecycle):
        set_lifecycle(bucket, wanted.lifecycle)
    if wanted.replication and not covers(found.replication, wanted.replication):
        bucket.change("put_bucket_replication", harmless=True, ReplicationConfiguration=wanted.replication)
    return protection(bucket)


def set_lifecycle(bucket: Bucket, rules: Sequence[Mapping[str, object]]) -> None:
    if rules:
        configuration = {"Rules": list(rules)}
        bucket.change("put_bucket_lifecycle_configuration", harmless=True, LifecycleConfiguration=configuration)
    else:
        bucket.change("delete_bucket_lifecycle", harmless=True)


def covers(found: Any, wanted: Any) -> bool:
    """Whether `found` says all that `wanted` says; what the vendor fills in of its own is no difference."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            name in found and covers(found[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, (list, tuple)):
        return isinstance(found, (list, tuple)) and all(any(covers(one, each) for one in found) for each in wanted)
    return bool(found == wanted)


@dataclass(frozen=True)
class _Held:
    Mode: str = ""
    RetainUntilDate: datetime | None = None


def lock(bucket: Bucket, key: str, **version: str) -> Lock:
    retention = bucket.read_or_none("get_object_retention", *NO_LOCK, "InvalidRequest", Key=key, **version)
    held = bucket.read_or_none("get_object_legal_hold", *NO_LOCK, "InvalidRequest", Key=key, **version)
    found = retention.read_as(_Held, at="Retention") if retention and "Retention" in retention.json() else _Held()
    hold = held.json().get("LegalHold", {}) if held else {}
    return Lock(found.Mode, found.RetainUntilDate, hold.get("Status") == "ON")
