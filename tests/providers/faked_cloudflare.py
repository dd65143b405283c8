"""A wire that answers as Cloudflare's pages do, written by hand: for the same tests that also run in the sandbox."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import respx
from django.conf import settings

from dr_console.vendors import VENDORS

ACCOUNT, ZONE, QUEUE = "a" * 32, "c" * 32, "e" * 32
WHEN = "2026-11-20T08:15:30.123456Z"
ADDRESS = str(VENDORS["cloudflare"][1])


def record(number: int, name: str, type: str, content: str, **fields: Any) -> dict[str, Any]:
    """https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/get/"""
    return {
        "id": f"{number:032x}",
        "name": name,
        "type": type,
        "content": content,
        "proxiable": True,
        "proxied": False,
        "ttl": 300,
        "settings": {},
        "meta": {},
        "comment": None,
        "tags": [],
        "created_on": WHEN,
        "modified_on": WHEN,
        **fields,
    }


def good(result: Any, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"result": result, "success": True, "errors": [], "messages": [], **more})


def bad(status: int, code: int, message: str, **headers: str) -> httpx.Response:
    body = {"result": None, "success": False, "errors": [{"code": code, "message": message}], "messages": []}
    return httpx.Response(status, json=body, headers=headers)


class Fake:
    """Answers by hand-written rules. `sent`: (method, path, body) of each request."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        self.records = [
            record(
                1,
                "api.example.com",
                "CNAME",
                "tokyo.origin.example.com",
                proxied=True,
                ttl=1,
                comment="Public API, primary region",
                tags=["service:api", "team:platform"],
            ),
            record(2, "www.example.com", "CNAME", "tokyo.origin.example.com", proxied=True, ttl=1, tags=["web"]),
            record(3, "tokyo.origin.example.com", "A", "192.0.2.10"),
            record(4, "notapi.example.com", "CNAME", "tokyo.origin.example.com"),
        ]
        self.plan = "pro"
        self.waiting: list[dict[str, Any]] = []
        self.rules: list[dict[str, Any]] = [{"ruleId": "1" * 32, "actions": ["PutObject"], "prefix": "", "suffix": ""}]

    @contextmanager
    def on_the_wire(self) -> Iterator[Fake]:
        with respx.mock(assert_all_called=False) as router:
            router.route(url__startswith=ADDRESS).mock(side_effect=self._answer)
            yield self

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(httpx.URL(ADDRESS).path)
        body = json.loads(request.content) if request.content else None
        self.sent.append((request.method, path, body))
        assert request.headers["authorization"] == f"Bearer {settings.DR_CREDENTIALS['cloudflare']['token']}"
        for pattern, answer in self._pages().items():
            method, _, shape = pattern.partition(" ")
            if method == request.method and (match := re.fullmatch(shape, path)):
                return answer(request, body, *match.groups())
        return bad(404, 7003, f"Could not route to /client/v4{path}, perhaps your object identifier is invalid?")

    def _pages(self) -> dict[str, Callable[..., httpx.Response]]:
        records, queue = f"/zones/{ZONE}/dns_records", f"/accounts/{ACCOUNT}/queues/{QUEUE}"
        rules = f"/accounts/{ACCOUNT}/event_notifications/r2/gemini-images/configuration/queues/{QUEUE}"
        return {
            f"GET {records}": self._list,
            f"POST {records}": self._create,
            f"POST {records}/batch": self._batch,
            f"PATCH {records}/([0-9a-f]+)": self._patch,
            f"GET /zones/{ZONE}": self._zone,
            f"POST /zones/{ZONE}/(?:purge|invalidate)_cache": lambda request, body: good({"id": ZONE}),
            f"POST {queue}/messages/pull": self._pull,
            f"POST {queue}/messages/ack": self._ack,
            f"POST {queue}/messages/peek": lambda request, body: good({"messages": self._messages("ref")}),
            f"GET {queue}/metrics": lambda request, body: good(self._metrics()),
            f"GET {queue}/consumers": lambda request, body: good([CONSUMER]),
            f"GET {rules}": lambda request, body: good(
                {"queueId": QUEUE, "queueName": "gemini-images-events", "rules": self.rules}
            ),
            f"PUT {rules}": self._set_rules,
            f"DELETE {rules}": self._no_rules,
        }

    def _list(self, request: httpx.Request, body: Any) -> httpx.Response:
        name = request.url.params["name.exact"]
        found = [found for found in self.records if found["name"] == name]
        info = {"page": 1, "per_page": 100, "count": len(found), "total_count": len(found), "total_pages": 1}
        return good(found, result_info=info)

    def _create(self, request: httpx.Request, body: Any) -> httpx.Response:
        if any(found["name"] == body["name"] for found in self.records):
            return bad(400, 81058, "An identical record already exists.")
        made = record(100 + len(self.records), **body)
        self.records.append(made)
        return good(made)

    def _patch(self, request: httpx.Request, body: Any, id: str) -> httpx.Response:
        for found in self.records:
            if found["id"] == id:
                found.update(body)
                found["comment"] = found["comment"] or None
                return good(found)
        return bad(404, 81044, "Record does not exist.")

    def _batch(self, request: httpx.Request, body: Any) -> httpx.Response:
        if any("not a host" in item.get("content", "") for item in body["patches"]):
            return bad(400, 9007, "Content for CNAME record is invalid.")
        patched = [self._patch(request, dict(item), item["id"]).json()["result"] for item in body.get("patches", [])]
        posted = [self._create(request, item).json()["result"] for item in body.get("posts", [])]
        return good({"patches": patched, "posts": posted})

    def _zone(self, request: httpx.Request, body: Any) -> httpx.Response:
        zone = {"id": ZONE, "name": "example.com", "status": "active", "paused": False, "development_mode": 0}
        more = {"permissions": ["#zone:read"], "name_servers": [], "owner": {}, "meta": {}, "account": ACCOUNT_SHOWN}
        plan = {"id": "1" * 32, "name": "A plan", "legacy_id": self.plan}
        return good({**zone, **more, "plan": plan, "created_on": WHEN, "modified_on": WHEN})

    def _metrics(self) -> dict[str, int]:
        oldest = min((message["timestamp_ms"] for message in self.waiting), default=0)
        return {"backlog_count": len(self.waiting), "backlog_bytes": 100, "oldest_message_timestamp_ms": oldest}

    def _messages(self, handle: str) -> list[dict[str, Any]]:
        return [{**message, handle: f"lease-of-{message['id']}"} for message in self.waiting]

    def _pull(self, request: httpx.Request, body: Any) -> httpx.Response:
        for message in self.waiting[: body["batch_size"]]:
            message["attempts"] += 1
        messages = self._messages("lease_id")[: body["batch_size"]]
        return good({"messages": messages, "message_backlog_count": 1, "metadata": {"metrics": self._metrics()}})

    def _ack(self, request: httpx.Request, body: Any) -> httpx.Response:
        acks = {ack["lease_id"].removeprefix("lease-of-") for ack in body["acks"]}
        known = acks & {message["id"] for message in self.waiting}
        self.waiting = [message for message in self.waiting if message["id"] not in acks]
        warnings = {f"lease-of-{lost}": "unknown lease" for lost in acks - known}
        return good({"ackCount": len(known), "retryCount": len(body["retries"]), "warnings": warnings})

    def _set_rules(self, request: httpx.Request, body: Any) -> httpx.Response:
        self.rules += [{"ruleId": "2" * 32, **rule} for rule in body["rules"]]
        return good({})

    def _no_rules(self, request: httpx.Request, body: Any) -> httpx.Response:
        self.rules = []
        return good({})

    def put(self, key: str, *, size: int = 3, etag: str = "abc", kind: str = "json") -> None:
        """R2 tells that this object was written."""
        event = {
            "account": ACCOUNT,
            "action": "PutObject",
            "bucket": "gemini-images",
            "object": {"key": key, "size": size, "eTag": etag},
            "eventTime": "2026-11-22T15:00:00.000Z",
        }
        self.send(json.dumps(event), kind=kind)

    def send(self, body: str, *, kind: str = "json") -> None:
        number = len(self.waiting)
        encoded = body if kind == "text" else base64.b64encode(body.encode()).decode()
        metadata = {"CF-Content-Type": kind, "CF-sourceMessageSource": "r2"}
        self.waiting.append(
            {
                "id": f"{number:032x}",
                "body": encoded,
                "timestamp_ms": 1_795_359_600_000 + number,
                "attempts": 0,
                "metadata": metadata,
            }
        )


ACCOUNT_SHOWN = {"id": ACCOUNT, "name": "Gemini Toolbox"}
CONSUMER = {
    "consumer_id": "9" * 32,
    "type": "http_pull",
    "dead_letter_queue": "gemini-images-events-dead",
    "settings": {"batch_size": 10, "max_retries": 100, "retry_delay": 0, "visibility_timeout_ms": 60_000},
}
