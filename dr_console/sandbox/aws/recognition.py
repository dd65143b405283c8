"""Which service and which operation of AWS a request asks for, found without loading anything of AWS's own.

A client that is given one endpoint for all services tells them apart by the scope of its signature only.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

# The name in the signature, where it is not the name of the service's description.
SIGNED_AS = {"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi", "s3express": "s3"}
UNSIGNED = {"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}
QUERY_SERVICES = {"2014-10-31": "rds", "2015-02-02": "elasticache", "2010-05-08": "iam", "2011-06-15": "sts"}
TARGETS = {"secretsmanager": "secretsmanager", "CodeCommit_20150413": "codecommit", "TrentService": "kms"}
TEXT_BODY = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Asked:
    """`service` as botocore names it; `operation` is empty where AWS has none such. `key`: the access key id.

    `signature`: "" if there is none, "malformed", or "given".
    """

    service: str
    operation: str
    protocol: str
    region: str = "us-east-1"
    key: str = ""
    signature: str = ""
    places: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.service}.{self.operation or 'Unknown'}"


@dataclass(frozen=True)
class Route:
    """One operation of a REST API: what in method, path, query and headers tells it from the others."""

    operation: str
    method: str
    path: re.Pattern[str]
    query: tuple[tuple[str, str | None], ...]
    headers: tuple[str, ...]

    def fits(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> re.Match[str] | None:
        if not all(name in query and value in (None, query[name]) for name, value in self.query):
            return None
        if not all(name in headers for name in self.headers):
            return None
        return self.path.fullmatch(path)


@dataclass(frozen=True)
class Description:
    protocol: str
    routes: tuple[Route, ...]
    operations: frozenset[str]


NOTHING = Description("rest-xml", (), frozenset())


def recognise(method: str, path: str, query: bytes, headers: Mapping[str, str], body: bytes) -> Asked:
    """`path`: below our prefix, as it was sent, with its percent signs. `headers`: names in lower case."""
    arguments = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    signature, key, region, service = _signature(headers.get("authorization", ""), arguments)
    form = _form(headers, body) or arguments
    target = headers.get("x-amz-target", "")
    service = service or _unsigned_service(form, target, path)
    description = describe(service)
    operation = form.get("Action", "")
    places: dict[str, str] = {}
    if target:
        operation = target.rpartition(".")[2]
    elif description.routes:
        operation, places = _routed(description, method, path, arguments, headers)
    operation = operation if operation in description.operations else ""
    if operation in UNSIGNED:
        signature = "given"
    return Asked(service, operation, description.protocol, region or "us-east-1", key, signature, places)


def _signature(authorization: str, arguments: Mapping[str, str]) -> tuple[str, str, str, str]:
    """State of the signature, access key id, region and service."""
    given = re.search(r"Credential=([^,\s]+)", authorization)
    scope = given[1] if given else arguments.get("X-Amz-Credential", "")
    if not scope:
        old = re.match(r"AWS ([^:]+):.+", authorization)
        if old or "AWSAccessKeyId" in arguments:
            return "given", old[1] if old else arguments["AWSAccessKeyId"], "", "s3"
        return ("malformed" if authorization else ""), "", "", ""
    parts = scope.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or (authorization and "Signature=" not in authorization):
        return "malformed", "", "", ""
    key, _date, region, service = parts[:4]
    return "given", key, region, SIGNED_AS.get(service.lower(), service.lower())


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    if not headers.get("content-type", "").startswith(TEXT_BODY):
        return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _unsigned_service(form: Mapping[str, str], target: str, path: str) -> str:
    if target:
        return TARGETS.get(target.partition(".")[0], "secretsmanager")
    if "Action" in form:
        return QUERY_SERVICES.get(form.get("Version", ""), "sts")
    if re.match(r"/\d{4}-\d\d-\d\d/", path):
        return "route53" if path.startswith("/2013-04-01/") else "lambda"
    return "s3"


def _routed(
    description: Description, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    # A slash at the end may mean something (a key in S3) or nothing, as where the path was the whole of it.
    for wanted in dict.fromkeys((path, path.rstrip("/") or "/")):
        for route in description.routes:
            if route.method == method and (found := route.fits(wanted, query, headers)):
                return route.operation, {_label(name): unquote(value) for name, value in found.groupdict().items()}
    return "", {}


def _label(name: str) -> str:
    return name.replace("__", "-")


@lru_cache(maxsize=32)
def describe(service: str) -> Description:
    """What AWS's own description says of a service, of which we keep only what tells its operations apart."""
    if not re.fullmatch(r"[a-z0-9-]+", service):
        return NOTHING
    found = find_spec("botocore")
    files = (
        sorted(Path(found.origin).parent.glob(f"data/{service}/*/service-2.json.gz")) if found and found.origin else []
    )
    if not files:
        return NOTHING
    content = json.loads(gzip.decompress(files[-1].read_bytes()))
    protocol: str = content["metadata"]["protocol"]
    operations: dict[str, Any] = content["operations"]
    routes: tuple[Route, ...] = ()
    if protocol.startswith("rest"):
        found_routes = [_route(name, content) for name in sorted(operations)]
        # What asks for more wins: GetObjectTagging before GetObject.
        routes = tuple(
            sorted(found_routes, key=lambda route: (-len(route.query + route.headers), "+" in route.path.pattern))
        )
    return Description(protocol, routes, frozenset(operations))


def _route(name: str, content: dict[str, Any]) -> Route:
    operation = content["operations"][name]
    uri, _, fixed = operation["http"]["requestUri"].partition("?")
    query: list[tuple[str, str | None]] = [
        (key, value or None) for key, value in parse_qsl(fixed, keep_blank_values=True) if key != "x-id"
    ]
    shape = content["shapes"].get(operation.get("input", {}).get("shape", ""), {})
    required = {member: shape["members"][member] for member in shape.get("required", ())}
    query += [(at["locationName"], None) for at in required.values() if at.get("location") == "querystring"]
    headers = [at["locationName"].lower() for at in required.values() if at.get("location") == "header"]
    return Route(name, operation["http"]["method"], re.compile("".join(_pattern(uri))), tuple(query), tuple(headers))


def _pattern(uri: str) -> Iterator[str]:
    for part in re.split(r"(\{[^}]+\})", uri.rstrip("/") or "/"):
        if part.startswith("{"):
            greedy = part.endswith("+}")
            yield f"(?P<{part.strip('{}+').replace('-', '__')}>{'.+' if greedy else '[^/]+'})"
        else:
            yield re.escape(part)
