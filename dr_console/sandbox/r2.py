"""R2 over the S3 API: what it has of S3, its own events, and what the product writes to it.

https://developers.cloudflare.com/r2/api/s3/api/
"""

from __future__ import annotations

import hashlib
from collections import deque
from itertools import takewhile
from typing import Any
from urllib.parse import unquote

from dr_console.sandbox.aws import moto_server
from dr_console.sandbox.aws.answers import Fault, Reply
from dr_console.sandbox.aws.cloud import Call, Cloud, Hook, cloud_of
from dr_console.sandbox.aws.keys import Keys
from dr_console.sandbox.aws.layer import Layer
from dr_console.sandbox.aws.s3 import corruption
from dr_console.sandbox.aws.s3.buckets import image, place, snake, tidied
from dr_console.sandbox.aws.s3.uploads import header, straighten
from dr_console.sandbox.faults import Kind
from dr_console.sandbox.stores import FIRST_IMAGES, R2_BUCKET, Written
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

PREFIX = "/r2"
ACCOUNT = "222222222222"
# In seconds of the world: how soon what the product wrote is told to the queues.
TELL_SECONDS = 5.0
OBJECTS_KEPT_SECONDS = 7_200.0
HAS = frozenset(
    {
        *("ListBuckets", "HeadBucket", "CreateBucket", "DeleteBucket", "GetBucketLocation", "GetBucketEncryption"),
        *("GetBucketCors", "PutBucketCors", "DeleteBucketCors"),
        *("GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"),
        *("GetBucketLifecycle", "PutBucketLifecycle"),
        *("HeadObject", "GetObject", "PutObject", "CopyObject", "DeleteObject", "DeleteObjects"),
        *("ListObjects", "ListObjectsV2", "ListMultipartUploads", "ListParts"),
        *("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload"),
    }
)
# Headers that ask for what R2 does not have.
NOT_HERE = ("x-amz-object-lock-mode", "x-amz-object-lock-legal-hold", "x-amz-tagging", "x-amz-acl-grants")


def r2(world: World) -> Vendor:
    cloud = cloud_of(world)
    bucket = R2(cloud)
    cloud.seeds.append(bucket.seed)
    layer = Layer(cloud, bucket, vendor="r2", prefix=PREFIX, keys=Keys(), account=ACCOUNT, services=frozenset({"s3"}))
    return Vendor(name="r2", prefix=PREFIX, complain=layer.complain, app=layer, label=layer.label)


class R2(dict[str, Hook]):
    """Answers to every operation, so that what R2 does not have never reaches moto."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self._cloud, self._world = cloud, cloud.world
        # Number of the newest canary that the queues know of, and the canaries whose objects are there.
        self._told = 0
        self._kept: deque[Written] = deque()
        self._world.faults.hooks[Kind.CORRUPTED_OBJECT].append(corruption.hook(cloud, self.backend, ""))
        self._world.clock.later(TELL_SECONDS, self._tell, quiet=True)

    def get(self, label: str, default: Any = None) -> Hook:
        return self.answer

    def backend(self) -> Any:
        return self._cloud.backend("s3", account=ACCOUNT, region="aws")

    def seed(self) -> None:
        self._create(R2_BUCKET)
        backend = self.backend()
        for name in sorted(FIRST_IMAGES):
            made = backend.put_object(R2_BUCKET, f"images/{name}", image(name))
            made.set_metadata({"Content-Type": "image/webp"})
        stores = self._world.stores
        stores.read_object = self._read
        stores.canaries_in_r2 = self._canaries

    # ── what the product does ─────────────────────────────────────────────────────────────────────────────────────

    def _tell(self) -> None:
        """Tell the queues of what the product wrote, though nobody has asked R2 yet."""
        self._world.clock.later(TELL_SECONDS, self._tell, quiet=True)
        new = list(takewhile(lambda written: written.number > self._told, reversed(self._world.stores.to_r2)))
        for written in reversed(new):
            self._happened("PutObject", R2_BUCKET, written.key, written.body)
            self._told = written.number

    def _flush(self) -> None:
        """Write what the product wrote, and forget what it wrote two hours ago, as a lifecycle rule of the bucket's."""
        waiting = self._world.stores.to_r2
        bucket = self.backend().buckets.get(R2_BUCKET)
        for written in waiting:
            if bucket is not None:
                made = self.backend().put_object(R2_BUCKET, written.key, written.body)
                made.set_metadata({"Content-Type": "application/json"})
                self._kept.append(written)
            if written.number > self._told:
                self._happened("PutObject", R2_BUCKET, written.key, written.body)
                self._told = written.number
        waiting.clear()
        while self._kept and self._kept[0].at < self._world.clock.now() - OBJECTS_KEPT_SECONDS:
            old = self._kept.popleft()
            if bucket is not None and old.key in bucket.keys:
                bucket.keys.pop(old.key)
                self._happened("LifecycleDeletion", R2_BUCKET, old.key, old.body)

    def _happened(self, action: str, bucket: str, key: str, body: bytes) -> None:
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self._world.r2_events.happened(action, bucket, key, size=len(body), etag=etag)

    def _read(self, key: str) -> bytes | None:
        with moto_server.lock:
            self._flush()
            bucket = self.backend().buckets.get(R2_BUCKET)
            found = bucket.keys.get(key) if bucket else None
            return found.value if found else None

    def _canaries(self) -> set[int]:
        with moto_server.lock:
            bucket = self.backend().buckets.get(R2_BUCKET)
            names = [name for name in bucket.keys if name.startswith("canaries/")] if bucket else []
            numbers = [name.removeprefix("canaries/").removesuffix(".json") for name in names]
            return {int(number) for number in numbers if number.isdigit()}

    # ── what is asked of it ───────────────────────────────────────────────────────────────────────────────────────

    def answer(self, call: Call) -> Reply:
        self._take_over_buckets()
        self._flush()
        operation, bucket = call.asked.operation, call.asked.places.get("Bucket", "")
        if operation not in HAS:
            raise Fault("NotImplemented", f"{operation} not implemented", 501)
        self._check(call, operation, bucket)
        call.headers = [(name, value.replace("/auto/s3/", "/us-east-1/s3/")) for name, value in call.headers]
        if operation == "CreateBucket":
            return self._create_bucket(call, bucket)
        if operation in ("PutObject", "UploadPart"):
            straighten(call)
        before = self._looked_at(call, operation, bucket)
        reply = tidied(call.moto())
        if reply.status < 300:
            self._note(call, operation, bucket, before)
            if operation == "DeleteBucket":
                self._world.r2_events.buckets.pop(bucket, None)
        for name in [name for name in reply.headers if name in ("x-amz-version-id", "x-amz-replication-status")]:
            del reply.headers[name]
        reply.headers["cf-ray"] = f"{call.id.replace('-', '')[:16]}-NRT"
        return reply

    def _take_over_buckets(self) -> None:
        """Make and delete what Cloudflare's own API made and deleted."""
        backend, there = self.backend(), self._world.r2_events.buckets
        for name in [name for name in there if name not in backend.buckets]:
            self._create(name)
        for name in [name for name in backend.buckets if name not in there]:
            backend.buckets.pop(name)

    def _check(self, call: Call, operation: str, bucket: str) -> None:
        for name in NOT_HERE:
            if header(call, name):
                raise Fault("NotImplemented", f"Header '{name}' with value '{header(call, name)}' not implemented", 501)
        if bucket and operation != "CreateBucket" and bucket not in self.backend().buckets:
            raise Fault("NoSuchBucket", "The specified bucket does not exist.", 404)
        source = unquote(header(call, "x-amz-copy-source")).lstrip("/").partition("/")[0]
        if source and source not in self.backend().buckets:
            raise Fault("NoSuchBucket", "The specified bucket does not exist.", 404)
        if operation == "CompleteMultipartUpload":
            self._check_parts(call, bucket)

    def _check_parts(self, call: Call, bucket: str) -> None:
        upload = self.backend().buckets[bucket].multiparts.get(call.params.get("UploadId", ""))
        numbers = [part.get("PartNumber") for part in call.params.get("MultipartUpload", {}).get("Parts", [])]
        sizes = [upload.parts[number].size for number in numbers if number in upload.parts] if upload else []
        if len(set(sizes[:-1])) > 1 or (sizes and sizes[-1] > sizes[0]):
            raise Fault("InvalidPart", "All non-trailing parts must have the same length.", 400)

    def _create_bucket(self, call: Call, bucket: str) -> Reply:
        if bucket in self.backend().buckets:
            said = "Your previous request to create the named bucket succeeded and you already own it."
            raise Fault("BucketAlreadyOwnedByYou", said, 409)
        self._create(bucket)
        self._world.r2_events.buckets[bucket] = self._world.clock.now()
        call.effect("r2.create_bucket", bucket)
        return Reply(200, {"location": f"/{bucket}"})

    def _create(self, bucket: str) -> None:
        """moto has one world of names for all accounts; R2's are its own."""
        from moto.s3.models import s3_backends  # noqa: PLC0415 (an idle sandbox stays small without it)

        elsewhere = s3_backends.bucket_accounts.pop(bucket, None)
        self.backend().create_bucket(bucket, "us-east-1")
        s3_backends.bucket_accounts.pop(bucket, None)
        if elsewhere:
            s3_backends.bucket_accounts[bucket] = elsewhere

    def _looked_at(self, call: Call, operation: str, bucket: str) -> list[str]:
        """The keys that a deletion will really delete: of the others there is nothing to tell."""
        if operation == "DeleteObjects":
            asked = [each["Key"] for each in call.params.get("Delete", {}).get("Objects", [])]
        else:
            asked = [call.asked.places["Key"]] if operation == "DeleteObject" else []
        return [key for key in asked if key in self.backend().buckets[bucket].keys]

    def _note(self, call: Call, operation: str, bucket: str, deleted: list[str]) -> None:
        if call.method in ("PUT", "POST", "DELETE") and operation not in ("UploadPart", "UploadPartCopy"):
            call.effect(f"r2.{snake(operation)}", place(call))
        for key in deleted:
            self._world.r2_events.happened("DeleteObject", bucket, key)
        if operation in ("PutObject", "CopyObject", "CompleteMultipartUpload"):
            key = call.asked.places["Key"]
            made = self.backend().get_object(bucket, key)
            source = unquote(header(call, "x-amz-copy-source")).lstrip("/").split("?")[0].partition("/")
            copied = (source[0], source[2]) if operation == "CopyObject" else None
            self._world.r2_events.happened(operation, bucket, key, size=made.size, etag=made.etag, copied_from=copied)
