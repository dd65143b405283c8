"""boto3 as other people use it, pointed at the sandbox."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.sandboxed import Sandbox

ONCE = Config(retries={"total_max_attempts": 1})


@lru_cache(maxsize=64)
def _client(service: str, url: str, region: str, signed: bool) -> Any:
    config = ONCE if signed else ONCE.merge(Config(signature_version=UNSIGNED))
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=f"{url}/aws",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="x",
        config=config,
    )


def client(sandbox: Sandbox, service: str, region: str = "eu-central-1", *, signed: bool = True) -> Any:
    return _client(service, sandbox.url, region, signed)


def code_of(act: Any, **params: Any) -> str:
    """The error code that AWS answers with."""
    with pytest.raises(ClientError) as caught:
        act(**params)
    return str(caught.value.response["Error"]["Code"])


def pass_time(sandbox: Sandbox, seconds: float) -> None:
    sandbox.post("/clock", {"advance": seconds})
