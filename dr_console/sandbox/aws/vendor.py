"""AWS as a vendor of the sandbox: services below /aws, and what only the world's owner can do below /control/aws."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dr_console.sandbox.aws.cloud import Service, cloud_of
from dr_console.sandbox.aws.codecommit_api import CodeCommit
from dr_console.sandbox.aws.elasticache.listings import WholeElastiCache
from dr_console.sandbox.aws.identity import Iam, Sts
from dr_console.sandbox.aws.keys import Keys
from dr_console.sandbox.aws.lambda_function import Lambda
from dr_console.sandbox.aws.layer import Layer
from dr_console.sandbox.aws.rds.snapshots import Rds
from dr_console.sandbox.aws.route53 import Route53
from dr_console.sandbox.aws.s3.buckets import S3
from dr_console.sandbox.aws.secrets import SecretsManager
from dr_console.sandbox.aws.shown import snapshots
from dr_console.sandbox.aws.spoilt import Spoilt
from dr_console.sandbox.faults import Kind
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

PREFIX = "/aws"
# Those that need nothing but the cloud.
SERVICES: tuple[type[Service], ...] = (S3, Lambda, SecretsManager, Route53, Sts, CodeCommit)


def aws(world: World) -> Vendor:
    cloud = cloud_of(world)
    keys = Keys()
    spoilt = Spoilt()
    world.faults.hooks[Kind.MISSING_SNAPSHOT].append(spoilt.vanish)
    elasticache, rds = WholeElastiCache(cloud, spoilt), Rds(cloud, spoilt)
    services = [elasticache, rds, Iam(cloud, keys), *(make(cloud) for make in SERVICES)]
    cloud.seeds += [service.seed for service in services]
    hooks = {label: hook for service in services for label, hook in service.hooks().items()}
    layer = Layer(cloud, hooks, vendor="aws", prefix=PREFIX, keys=keys)
    return Vendor(
        name="aws",
        prefix=PREFIX,
        complain=layer.complain,
        app=layer,
        label=layer.label,
        control=[
            Route("/keys", _keys_route(keys), methods=["GET", "POST"]),
            Route("/snapshots", _snapshots_route(spoilt), methods=["GET", "POST"]),
        ],
        state=lambda: {"snapshots": snapshots(cloud, rds, elasticache)},
    )


def _keys_route(keys: Keys) -> Any:
    async def change(request: Request) -> Response:
        """POST {"expired": ["*"], "unknown": [], "denied": ["rds:*"]}: what is named is replaced."""
        wanted = await request.json() if request.method == "POST" else {}
        for name in ("expired", "unknown", "denied"):
            given = wanted.get(name, list(getattr(keys, name)))
            if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
                return JSONResponse({"error": "A list of texts is needed.", "field": name}, 422)
            setattr(keys, name, set(given))
        return JSONResponse({name: sorted(getattr(keys, name)) for name in ("expired", "unknown", "denied")})

    return change


def _snapshots_route(spoilt: Spoilt) -> Any:
    async def change(request: Request) -> Response:
        """POST {"name": "dr-*", "fault": "vanish" or "fail", or "" to heal}: for snapshots now there and to come."""
        wanted = await request.json() if request.method == "POST" else {}
        if wanted:
            if not isinstance(wanted.get("name"), str) or not wanted["name"]:
                return JSONResponse({"error": "A name, or a pattern of names, is needed.", "field": "name"}, 422)
            if wanted.get("fault") not in ("vanish", "fail", ""):
                return JSONResponse({"error": "One of vanish, fail and nothing is needed.", "field": "fault"}, 422)
            spoilt.rules.pop(wanted["name"], None)
            if wanted["fault"]:
                spoilt.rules[wanted["name"]] = wanted["fault"]
        return JSONResponse(spoilt.rules)

    return change
