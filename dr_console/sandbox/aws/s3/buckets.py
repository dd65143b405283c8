"""S3 as the customer has it: the bucket that R2 is copied to, its replica, an archive that nothing can delete, and
the bucket of the public status page.

https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from dr_console.sandbox.aws.answers import Fault, Reply
from dr_console.sandbox.aws.cloud import Call, Cloud, Service, on
from dr_console.sandbox.aws.s3 import corruption
from dr_console.sandbox.aws.s3.replication import Replication
from dr_console.sandbox.aws.s3.uploads import straighten
from dr_console.sandbox.faults import Kind
from dr_console.sandbox.stores import FIRST_IMAGES, S3_BUCKET

REPLICA = "gemini-images-replica"
ARCHIVE = "gemini-archive"
STATUS = "gemini-status"
ROLE = "arn:aws:iam::123456789012:role/gemini-replication"
LIFECYCLE = [
    {
        "ID": "keep-30-days",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": "30"},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": "7"},
    }
]
NOT_LOCKED = "The specified object does not have a ObjectLock configuration"
# Headers of a request that moto keeps with the object as if they were its metadata.
NOT_KEPT = ("x-amzn-requestid", "content-md5", "x-amz-content-sha256", "x-amz-decoded-content-length")
WRITES = ("PutObject", "CopyObject", "CompleteMultipartUpload")
RULES = (
    *("DeleteBucket", "PutBucketVersioning", "PutBucketLifecycleConfiguration", "PutBucketLifecycle"),
    *("DeleteBucketLifecycle", "DeleteBucketReplication", "PutObjectLockConfiguration", "PutObjectRetention"),
    *("PutObjectLegalHold", "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketEncryption", "PutBucketTagging"),
    *("PutObjectTagging", "PutPublicAccessBlock", "AbortMultipartUpload", "CreateMultipartUpload"),
)


def snake(operation: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()


def image(name: str) -> bytes:
    """What the world's first images are made of."""
    return b"RIFF\x00\x00\x00\x00WEBP" + name.encode()


def tidied(reply: Reply) -> Reply:
    """Without the headers that moto has and S3 has not."""
    for name in NOT_KEPT:
        reply.headers.pop(name, None)
    if not reply.body and reply.headers.get("content-type", "").startswith("text/html"):
        del reply.headers["content-type"]
    return reply


def place(call: Call) -> str:
    """Bucket and key as one text."""
    return "/".join(filter(None, [call.asked.places.get("Bucket", ""), call.asked.places.get("Key", "")]))


class S3(Service):
    name = "s3"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.replication = Replication(cloud)
        self.world.faults.hooks[Kind.CORRUPTED_OBJECT].append(corruption.hook(cloud, self.backend, f"{S3_BUCKET}/*"))

    def backend(self) -> Any:
        return self.cloud.backend("s3", region="aws")

    def seed(self) -> None:
        backend = self.backend()
        for name in (S3_BUCKET, REPLICA, ARCHIVE):
            backend.create_bucket(name, "eu-central-1")
            backend.put_bucket_versioning(name, "Enabled")
        backend.create_bucket(STATUS, "eu-central-1")
        backend.put_bucket_lifecycle_configuration(S3_BUCKET, [dict(rule) for rule in LIFECYCLE])
        target = {"Bucket": f"arn:aws:s3:::{REPLICA}"}
        rule = {
            "ID": "to-replica",
            "Priority": "1",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Destination": target,
            "DeleteMarkerReplication": {"Status": "Disabled"},
        }
        backend.put_bucket_replication(S3_BUCKET, {"Role": ROLE, "Rule": [rule]})
        backend.get_bucket(ARCHIVE).object_lock_enabled = True
        backend.put_object_lock_configuration(ARCHIVE, True, "GOVERNANCE", 30, None)
        for name in sorted(FIRST_IMAGES):
            for bucket in (S3_BUCKET, REPLICA):
                made = backend.put_object(bucket, f"images/{name}", image(name))
                made.set_metadata({"Content-Type": "image/webp"})
                state = "COMPLETED" if bucket == S3_BUCKET else "REPLICA"
                self.replication.states[bucket, made.name, str(made.version_id)] = state

    @on(*WRITES)
    def write(self, call: Call) -> Reply:
        """A new version of an object, in one piece or many."""
        straighten(call)
        bucket = self.backend().buckets.get(call.asked.places["Bucket"])
        if bucket is not None:  # of days and years only one is set, and moto adds them up
            bucket.default_lock_days = bucket.default_lock_days or 0
            bucket.default_lock_years = bucket.default_lock_years or 0
        reply = tidied(call.moto())
        if reply.status < 300:
            call.effect(f"s3.{snake(call.asked.operation)}", place(call), bytes=len(call.body))
            self.replication.written(self.backend(), call.asked.places["Bucket"], call.asked.places["Key"])
        return reply

    @on("UploadPart")
    def part(self, call: Call) -> Reply:
        straighten(call)
        return tidied(call.moto())

    @on("DeleteObject", "DeleteObjects")
    def delete(self, call: Call) -> Reply:
        reply = tidied(call.moto())
        if reply.status < 300:
            keys = [each["Key"] for each in call.params.get("Delete", {}).get("Objects", [])]
            detail = {"keys": keys} if keys else {"version": call.params.get("VersionId", "")}
            call.effect(f"s3.{snake(call.asked.operation)}", place(call), **detail)
        return reply

    @on("HeadObject", "GetObject")
    def read(self, call: Call) -> Reply:
        reply = tidied(call.moto())
        places = call.asked.places
        version = call.params.get("VersionId", "")
        state = self.replication.status(self.backend(), places["Bucket"], places["Key"], version)
        if reply.status < 300 and state:
            reply.headers["x-amz-replication-status"] = state
        return reply

    @on("GetObjectRetention")
    def retention(self, call: Call) -> dict[str, Any]:
        """moto keeps it, and does not tell."""
        key = self._locked(call)
        if not key.lock_mode:
            raise Fault("NoSuchObjectLockConfiguration", NOT_LOCKED, 404)
        until = datetime.fromisoformat(key.lock_until) if isinstance(key.lock_until, str) else key.lock_until
        return {"Retention": {"Mode": key.lock_mode, "RetainUntilDate": until}}

    @on("GetObjectLegalHold")
    def legal_hold(self, call: Call) -> dict[str, Any]:
        held = self._locked(call).lock_legal_status
        held = held.get("Status") if isinstance(held, dict) else held
        if not held:
            raise Fault("NoSuchObjectLockConfiguration", NOT_LOCKED, 404)
        return {"LegalHold": {"Status": held}}

    def _locked(self, call: Call) -> Any:
        places = call.asked.places
        bucket = self.backend().buckets.get(places["Bucket"])
        if bucket is None:
            raise Fault("NoSuchBucket", "The specified bucket does not exist", 404)
        key = self.backend().get_object(places["Bucket"], places["Key"], call.params.get("VersionId"))
        if key is None:
            raise Fault("NoSuchKey", "The specified key does not exist.", 404)
        if not bucket.object_lock_enabled:
            raise Fault("InvalidRequest", "Bucket is missing Object Lock Configuration", 400)
        return key

    @on("PutBucketReplication")
    def replicate(self, call: Call) -> Reply:
        self.replication.check(call, self.backend())
        reply: Reply = self.rule(call)
        return reply

    @on("CreateBucket")
    def create(self, call: Call) -> Reply:
        if call.asked.places["Bucket"] in self.backend().buckets:
            said = "Your previous request to create the named bucket succeeded and you already own it."
            raise Fault("BucketAlreadyOwnedByYou", said, 409)
        reply: Reply = self.rule(call)
        return reply

    @on(*RULES)
    def rule(self, call: Call) -> Reply:
        """What changes more than objects, as moto does it; noted down."""
        reply = tidied(call.moto())
        if reply.status < 300:
            call.effect(f"s3.{snake(call.asked.operation)}", place(call))
        return reply
