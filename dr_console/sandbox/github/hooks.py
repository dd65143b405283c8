"""Webhooks as GitHub sends them: signed, once, never again by itself, and listed with their answers.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.git_repositories import Repository
from dr_console.sandbox.github import shapes
from dr_console.sandbox.loopback import NotHere, post
from dr_console.sandbox.world import World

ANSWER_WITHIN_SECONDS = 10
NOTHING = "0" * 40


@dataclass
class Delivery:
    id: int
    guid: str
    event: str
    at: float
    url: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    said: str = ""
    seconds: float = 0.0
    redelivery: bool = False
    answer: str = ""

    def shown(self, *, whole: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": self.id,
            "guid": self.guid,
            "delivered_at": shapes.moment(self.at),
            "redelivery": self.redelivery,
            "duration": round(self.seconds, 2),
            "status": self.said,
            "status_code": self.status,
            "event": self.event,
            "action": None,
            "installation_id": None,
            "repository_id": None,
            "throttled_at": None,
        }
        if whole:
            found["url"] = self.url
            found["request"] = {"headers": self.headers, "payload": json.loads(self.body)}
            found["response"] = {"headers": {}, "payload": self.answer}
        return found


@dataclass
class Hook:
    id: int
    repository: str
    config: dict[str, Any]
    events: list[str]
    active: bool
    made_at: float
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=200))

    def shown(self, base: str) -> dict[str, Any]:
        url = f"{base}/repos/{self.repository}/hooks/{self.id}"
        config = {**self.config, "secret": "********"} if self.config.get("secret") else dict(self.config)
        last = self.deliveries[0] if self.deliveries else None
        return {
            "type": "Repository",
            "id": self.id,
            "name": "web",
            "active": self.active,
            "events": self.events,
            "config": {"content_type": "json", "insecure_ssl": "0", **config},
            "created_at": shapes.moment(self.made_at),
            "updated_at": shapes.moment(self.made_at),
            "url": url,
            "test_url": f"{url}/test",
            "ping_url": f"{url}/pings",
            "deliveries_url": f"{url}/deliveries",
            "last_response": {
                "code": last.status if last else None,
                "status": "active" if last else "unused",
                "message": last.said if last else None,
            },
        }


class Hooks:
    """The webhooks of all repositories, and what was sent."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers = itertools.count(400_000_001)
        self._deliveries = itertools.count(12_000_000_001)
        self._sending: set[asyncio.Task[None]] = set()
        self.by_id: dict[int, Hook] = {}

    def add(self, repository: str, config: dict[str, Any], events: list[str], *, active: bool = True) -> Hook:
        hook = Hook(next(self._numbers), repository, config, events, active, self._world.clock.now())
        self.by_id[hook.id] = hook
        return hook

    def of(self, repository: str) -> list[Hook]:
        return [hook for hook in self.by_id.values() if hook.repository == repository]

    def pushed(self, base: str, repo: Repository, name: str, before: str, after: str) -> None:
        """Tell whoever wants to know that a ref moved."""
        for hook in self.of(repo.name):
            if hook.active and {"push", "*"} & set(hook.events):
                self.send(hook, "push", _push(base, repo, name, before, after, self._world.clock.now()))

    def send(self, hook: Hook, event: str, payload: dict[str, Any]) -> Delivery:
        delivery = self._delivery(hook, event, json.dumps(payload).encode(), str(uuid.UUID(int=self._bits())))
        self._later(hook, delivery)
        return delivery

    def again(self, hook: Hook, delivery: Delivery) -> None:
        """The same delivery once more, under the same guid."""
        repeated = self._delivery(hook, delivery.event, delivery.body, delivery.guid)
        repeated.redelivery = True
        self._later(hook, repeated)

    def _bits(self) -> int:
        return self._world.random.getrandbits(128)

    def _delivery(self, hook: Hook, event: str, body: bytes, guid: str) -> Delivery:
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/5a4d0b1",
            "X-GitHub-Delivery": guid,
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": str(hook.id),
            "X-GitHub-Hook-Installation-Target-ID": str(shapes.number(hook.repository)),
            "X-GitHub-Hook-Installation-Target-Type": "repository",
        }
        if secret := hook.config.get("secret"):
            for kind, algorithm in (("X-Hub-Signature", hashlib.sha1), ("X-Hub-Signature-256", hashlib.sha256)):
                digest = hmac.new(str(secret).encode(), body, algorithm).hexdigest()
                headers[kind] = f"{'sha1' if kind == 'X-Hub-Signature' else 'sha256'}={digest}"
        url = str(hook.config.get("url", ""))
        return Delivery(next(self._deliveries), guid, event, self._world.clock.now(), url, headers, body)

    def _later(self, hook: Hook, delivery: Delivery) -> None:
        hook.deliveries.appendleft(delivery)
        task = asyncio.get_running_loop().create_task(self._send(delivery))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, delivery: Delivery) -> None:
        began = asyncio.get_running_loop().time()
        try:
            delivery.status, delivery.answer = await post(
                delivery.url, delivery.headers, delivery.body, within=ANSWER_WITHIN_SECONDS
            )
            delivery.said = "OK" if delivery.status < 400 else f"Invalid HTTP Response: {delivery.status}"
        except NotHere:
            delivery.said = "the sandbox only sends to this machine"
        except TimeoutError:
            delivery.said = "timed out"
        except OSError:
            delivery.said = "failed to connect to host"
        delivery.seconds = asyncio.get_running_loop().time() - began
        self._world.truth.effect("github", "webhook.sent", delivery.url, event=delivery.event, status=delivery.status)


def _push(base: str, repo: Repository, name: str, before: str, after: str, now: float) -> dict[str, Any]:
    """Body of the event "push". An id of zeros stands for no commit."""
    created, deleted = before == NOTHING, after == NOTHING
    forced = not created and not deleted and repo.git("rev-list", "--max-count=1", before, f"^{after}") != ""
    span = [] if deleted else (["-20", after] if created else ["--reverse", "-20", after, f"^{before}"])
    found = shapes.commits(base, repo, *span) if span and name.startswith("refs/heads/") else []
    written = [
        {
            "id": each["sha"],
            "tree_id": each["commit"]["tree"]["sha"],
            "distinct": True,
            "message": each["commit"]["message"],
            "timestamp": each["commit"]["author"]["date"],
            "url": each["html_url"],
            "author": {**each["commit"]["author"], "username": shapes.LOGIN},
            "committer": {**each["commit"]["committer"], "username": shapes.LOGIN},
            "added": [],
            "removed": [],
            "modified": [],
        }
        for each in found
    ]
    return {
        "ref": name,
        "before": before,
        "after": after,
        "base_ref": None,
        "created": created,
        "deleted": deleted,
        "forced": forced,
        "compare": f"{base}/{repo.name}/compare/{before[:12]}...{after[:12]}",
        "commits": written,
        "head_commit": written[-1] if written else None,
        "repository": shapes.repository(base, repo, now),
        "pusher": {"name": shapes.LOGIN, "email": "bot@example.com"},
        "sender": shapes.user(base, shapes.LOGIN),
    }
