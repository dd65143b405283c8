"""Whatever is sent to the sandbox's Cloudflare, it answers in its envelope."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import httpx

from dr_console.sandbox.cloudflare import cloudflare
from dr_console.sandbox.world import World
from tests.sandbox.cloudflare_calls import ACCOUNT, QUEUE, ZONE, queue, records

POOL, BALANCER = "1" * 32, "3" * 32
NOTIFICATIONS = f"/accounts/{ACCOUNT}/event_notifications/r2/gemini-images/configuration"
PATHS = [
    "/zones",
    f"/zones/{ZONE}",
    f"/zones/{ZONE}/settings/ssl",
    records(),
    records("482ac8e5459c2babc78899fdc1640bac"),
    records("batch"),
    records("import"),
    f"/zones/{ZONE}/purge_cache",
    f"/zones/{ZONE}/load_balancers/{BALANCER}",
    f"/accounts/{ACCOUNT}/queues",
    *(queue(path) for path in ("", "/consumers", "/messages", "/metrics", "/purge")),
    *(queue(f"/messages/{path}") for path in ("batch", "pull", "ack", "peek", "purge")),
    f"/accounts/{ACCOUNT}/r2/buckets",
    f"/accounts/{ACCOUNT}/r2/buckets/gemini-images/lifecycle",
    NOTIFICATIONS,
    f"{NOTIFICATIONS}/queues/{QUEUE}",
    f"/accounts/{ACCOUNT}/load_balancers/pools",
    f"/accounts/{ACCOUNT}/load_balancers/pools/{POOL}",
    f"/accounts/{ACCOUNT}/load_balancers/pools/{POOL}/health",
]
FIELDS = (
    "name type content ttl proxied comment tags settings data priority deletes patches puts posts hosts files prefixes "
    "purge_everything acks retries batch_size visibility_timeout_ms messages body content_type delay_seconds refs "
    "queue_name dead_letter_queue rules ruleIds enabled origins default_pools fallback_pool plan paused value id"
).split()
VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        3.5,
        float("nan"),
        1e308,
        "",
        "x",
        "a.example.com",
        "192.0.2.1",
        "CNAME",
        "SRV",
        "\0",
    ),
    *([], ["a:b"], [1], [None], {}, {"a": 1}, {"id": 3}, {"port": 1, "target": "x"}, "x" * 2000),
    *([{"id": "x"}], [{"lease_id": "x", "delay_seconds": "y"}], [{"actions": ["PutObject"], "prefix": 3}]),
    *({"delivery_paused": "x"}, {"message_retention_period": "x"}, {"max_retries": "many"}, [{"address": 1}]),
]


def test_nonsense_is_refused_in_the_envelope() -> None:
    asyncio.run(_send_nonsense(3_000, random.Random(1)))


async def _send_nonsense(requests: int, chance: random.Random) -> None:
    for number in range(requests):
        if number % 500 == 0:
            app = cloudflare(World()).app
            assert app is not None
            headers = {"Authorization": "Bearer somebody-elses-token"}
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here", headers=headers)
        method, path = chance.choice(["GET", "POST", "PUT", "PATCH"]), chance.choice(PATHS)
        body = {name: chance.choice(VALUES) for name in chance.sample(FIELDS, chance.randint(0, 8))}
        answer = await client.request(method, path, content=json.dumps(body))
        assert answer.status_code < 500, (method, path, body)
        assert isinstance(answer.json()["success"], bool), (method, path, body)
