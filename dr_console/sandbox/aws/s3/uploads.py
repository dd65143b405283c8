"""What a client uploads, as it meant it: without the chunks it was signed in, and compared with its check sums.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable

from dr_console.sandbox.aws.answers import Fault
from dr_console.sandbox.aws.cloud import Call

CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
}


def header(call: Call, name: str) -> str:
    return next((value for given, value in call.headers if given.lower() == name), "")


def straighten(call: Call) -> None:
    """Make of the request what it would be without chunks. Raises Fault where a check sum does not fit."""
    streaming = header(call, "x-amz-content-sha256").startswith("STREAMING-")
    if streaming or "aws-chunked" in header(call, "content-encoding"):
        call.body, trailers = _unchunked(call.body)
        call.headers = [pair for pair in map(_plain, call.headers) if pair] + trailers
    _check(call)


def _plain(pair: tuple[str, str]) -> tuple[str, str] | None:
    name, value = pair[0].lower(), pair[1]
    if name in ("x-amz-decoded-content-length", "x-amz-trailer", "content-length", "transfer-encoding"):
        return None
    if name == "content-encoding":
        left = ",".join(part for part in value.split(",") if part.strip() != "aws-chunked")
        return (pair[0], left) if left else None
    if name == "x-amz-content-sha256":
        return pair[0], "UNSIGNED-PAYLOAD"
    return pair


def _unchunked(body: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """The content, and the headers that come behind it."""
    content, at = bytearray(), 0
    while True:
        end = body.find(b"\r\n", at)
        size = re.match(rb"[0-9a-fA-F]+", body[at:end] if end >= 0 else b"")
        if size is None:
            raise Fault("IncompleteBody", "The request body terminated unexpectedly", 400)
        length = int(size[0], 16)
        if length == 0:
            lines = body[end + 2 :].decode("latin-1").split("\r\n")
            pairs = [line.split(":", 1) for line in lines if ":" in line]
            return bytes(content), [(name, value.strip()) for name, value in pairs if "signature" not in name]
        content += body[end + 2 : end + 2 + length]
        at = end + 2 + length + 2


def _check(call: Call) -> None:
    md5 = header(call, "content-md5")
    found = base64.b64encode(hashlib.md5(call.body, usedforsecurity=False).digest()).decode()
    if md5 and md5 != found:
        raise Fault("BadDigest", "The Content-MD5 you specified did not match what we received.", 400)
    sha256 = header(call, "x-amz-content-sha256")
    if re.fullmatch(r"[0-9a-f]{64}", sha256) and hashlib.sha256(call.body).hexdigest() != sha256:
        said = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise Fault("XAmzContentSHA256Mismatch", said, 400)
    for name, compute in CHECKSUMS.items():
        given = header(call, name)
        if given and base64.b64encode(compute(call.body)).decode() != given:
            algorithm = name.rpartition("-")[2].upper()
            raise Fault("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.", 400)
