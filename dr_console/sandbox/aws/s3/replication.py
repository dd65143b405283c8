"""Replication from bucket to bucket: each new version is copied after a while, and says how far it is.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-status.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import Call, Cloud

SECONDS = 15.0


@dataclass
class Replication:
    """`seconds`: of the world until a version is copied. `fails`: it is not copied, and says so."""

    cloud: Cloud
    seconds: float = SECONDS
    fails: bool = False
    states: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def written(self, backend: Any, bucket: str, key: str) -> None:
        """A new version was written: have it copied where a rule says so."""
        version = backend.get_object(bucket, key)
        rule = _rule(backend, bucket, key)
        if version is None or rule is None:
            return
        place = (bucket, key, str(version.version_id))
        self.states[place] = "PENDING"
        self.cloud.later(self.seconds, lambda: self._copy(backend, version, place, _target(rule)))

    def _copy(self, backend: Any, version: Any, place: tuple[str, str, str], target: str) -> None:
        if self.fails or target not in backend.buckets:
            self.states[place] = "FAILED"
            return
        copy = backend.put_object(target, place[1], version.value, etag=version.etag.strip('"'))
        copy.set_metadata(dict(version.metadata), replace=True)
        self.states[place] = "COMPLETED"
        self.states[target, place[1], str(copy.version_id)] = "REPLICA"
        self.cloud.world.truth.effect("aws", "s3.replicated", f"{target}/{place[1]}", source=place[0])

    def status(self, backend: Any, bucket: str, key: str, version: str) -> str:
        """What x-amz-replication-status says of the version, or of the newest; empty where there is nothing to say."""
        if bucket not in backend.buckets:
            return ""
        found = version or str(getattr(backend.get_object(bucket, key), "version_id", ""))
        return self.states.get((bucket, key, found), "")

    def check(self, call: Call, backend: Any) -> None:
        """Raise Fault unless both ends of a new configuration keep versions."""
        bucket = backend.buckets.get(call.asked.places.get("Bucket", ""))
        if bucket is None:
            return
        if bucket.versioning_status != "Enabled":
            said = "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
            raise Fault("InvalidRequest", said, 400)
        for rule in call.params.get("ReplicationConfiguration", {}).get("Rules", []):
            name = str(rule.get("Destination", {}).get("Bucket", "")).rpartition(":")[2]
            target = backend.buckets.get(name)
            if target is None:
                raise Fault("InvalidRequest", "Destination bucket must exist.", 400)
            if target.versioning_status != "Enabled":
                raise Fault("InvalidRequest", "Destination bucket must have versioning enabled.", 400)


def _rule(backend: Any, bucket: str, key: str) -> dict[str, Any] | None:
    """The first rule that is enabled and fits, as moto keeps it."""
    rules = (getattr(backend.buckets[bucket], "replication", None) or {}).get("Rule", [])
    return next((rule for rule in rules if rule.get("Status") == "Enabled" and key.startswith(_prefix(rule))), None)


def _prefix(rule: dict[str, Any]) -> str:
    within = rule.get("Filter") or {}
    within = within.get("And") or within
    return str(within.get("Prefix") or rule.get("Prefix") or "")


def _target(rule: dict[str, Any]) -> str:
    return str(rule.get("Destination", {}).get("Bucket", "")).rpartition(":")[2]
