"""R2 as Cloudflare's own API shows it: buckets, their rules, and which changes are told to which queue.

https://developers.cloudflare.com/api/resources/r2/subresources/buckets/
"""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dr_console.sandbox.cloudflare.envelope import Refusal, moment, number, ok, sent
from dr_console.sandbox.r2_events import ACTIONS, Rule
from dr_console.sandbox.world import World

BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,62}(?<!-)")
# A bucket has these from the start.
FIRST_LIFECYCLE = {
    "id": "Default Multipart Abort Rule",
    "conditions": {"prefix": ""},
    "enabled": True,
    "abortMultipartUploadsTransition": {"condition": {"maxAge": 604_800, "type": "Age"}},
}


class R2Api:
    def __init__(self, world: World) -> None:
        self._world = world
        self._given: dict[str, dict[str, Any]] = {}
        self._rules: dict[tuple[str, str], list[dict[str, Any]]] = {}

    @property
    def _names(self) -> dict[str, float]:
        return self._world.r2_events.buckets

    def routes(self) -> list[Route]:
        buckets = "/accounts/{account_id}/r2/buckets"
        notifications = "/accounts/{account_id}/event_notifications/r2/{bucket}/configuration"
        rules = [
            Route(f"{buckets}/{{bucket}}/{kind}", handler, methods=[method])
            for kind in ("lifecycle", "lock", "cors")
            for method, handler in (("GET", self.rules), ("PUT", self.set_rules))
        ]
        return [
            Route(buckets, self.index, methods=["GET"]),
            Route(buckets, self.create, methods=["POST"]),
            Route(f"{buckets}/{{bucket}}", self.get, methods=["GET"]),
            Route(f"{buckets}/{{bucket}}", self.delete, methods=["DELETE"]),
            *rules,
            Route(notifications, self.notifications, methods=["GET"]),
            Route(f"{notifications}/queues/{{queue_id}}", self.notification, methods=["GET"]),
            Route(f"{notifications}/queues/{{queue_id}}", self.notify, methods=["PUT"]),
            Route(f"{notifications}/queues/{{queue_id}}", self.notify_no_more, methods=["DELETE"]),
        ]

    def producers(self, queue_id: str) -> list[dict[str, Any]]:
        """What of R2 writes to this queue."""
        return [
            {"type": "r2_bucket", "bucket_name": bucket}
            for (bucket, of), rules in self._world.r2_events.rules.items()
            if of == queue_id and rules
        ]

    def _shown_bucket(self, name: str) -> dict[str, Any]:
        given = self._given.get(name, {})
        return {
            "name": name,
            "creation_date": moment(self._names[name]),
            "location": str(given.get("locationHint") or "apac").lower(),
            "storage_class": given.get("storageClass") or "Standard",
            "jurisdiction": "default",
        }

    def _bucket(self, request: Request) -> str:
        """Its name."""
        name = str(request.path_params["bucket"])
        if name not in self._names:
            raise Refusal(404, 10006, "The specified bucket does not exist.")
        return name

    async def index(self, request: Request) -> Response:
        words, after = request.query_params.get("name_contains", ""), request.query_params.get("cursor", "")
        per_page = number(request, "per_page", 20, 1, 1000)
        names = sorted(name for name in self._names if words in name and name > after)
        shown = names[:per_page]
        more = {"cursor": shown[-1]} if len(names) > per_page else {}
        return ok({"buckets": [self._shown_bucket(name) for name in shown]}, info={"per_page": per_page, **more})

    async def get(self, request: Request) -> Response:
        return ok(self._shown_bucket(self._bucket(request)))

    async def create(self, request: Request) -> Response:
        body = await sent(request)
        name = body.get("name")
        if not isinstance(name, str) or not BUCKET_NAME.fullmatch(name):
            raise Refusal(400, 10005, "The specified bucket name is not valid.", pointer="/name")
        if name in self._names:
            raise Refusal(409, 10004, "The bucket you tried to create already exists, and you own it.")
        self._names[name], self._given[name] = self._world.clock.now(), body
        self._world.truth.effect("cloudflare", "r2.create_bucket", name)
        return ok(self._shown_bucket(name))

    async def delete(self, request: Request) -> Response:
        name = self._bucket(request)
        del self._names[name]
        self._rules = {key: rules for key, rules in self._rules.items() if key[0] != name}
        self._world.truth.effect("cloudflare", "r2.delete_bucket", name)
        return ok({})

    async def rules(self, request: Request) -> Response:
        name, kind = self._bucket(request), request.url.path.rsplit("/", 1)[1]
        return ok({"rules": self._rules.get((name, kind), [FIRST_LIFECYCLE] if kind == "lifecycle" else [])})

    async def set_rules(self, request: Request) -> Response:
        name, kind = self._bucket(request), request.url.path.rsplit("/", 1)[1]
        rules = (await sent(request)).get("rules", [])
        if not isinstance(rules, list):
            raise Refusal(400, 10040, "The JSON you provided was not well formed.", pointer="/rules")
        self._rules[name, kind] = rules
        self._world.truth.effect("cloudflare", f"r2.{kind}", name, rules=rules)
        return ok({})

    async def notifications(self, request: Request) -> Response:
        bucket = self._bucket(request)
        queues = [
            self._shown(of, id) for (of, id), rules in self._world.r2_events.rules.items() if of == bucket and rules
        ]
        return ok({"bucketName": bucket, "queues": queues})

    async def notification(self, request: Request) -> Response:
        bucket, queue_id = self._bucket(request), self._queue_id(request)
        if not self._world.r2_events.rules.get((bucket, queue_id)):
            raise Refusal(404, 11015, "There is no configuration for this bucket and queue.")
        return ok(self._shown(bucket, queue_id))

    async def notify(self, request: Request) -> Response:
        bucket, queue_id = self._bucket(request), self._queue_id(request)
        rules = (await sent(request)).get("rules")
        if not isinstance(rules, list) or not rules or not all(_is_rule(rule) for rule in rules):
            raise Refusal(400, 11014, "Each rule must name actions, of those that exist.", pointer="/rules")
        before = self._world.r2_events.rules.get((bucket, queue_id))
        made = self._world.r2_events.set_rules(bucket, queue_id, rules)
        if made is not before:
            told = [_rule(rule) for rule in made]
            self._world.truth.effect("cloudflare", "r2.notification", bucket, queue=queue_id, rules=told)
        return ok({})

    async def notify_no_more(self, request: Request) -> Response:
        """Remove all rules of bucket and queue, or those in `ruleIds`."""
        bucket, queue_id = self._bucket(request), self._queue_id(request)
        ids = (await sent(request)).get("ruleIds")
        rules = self._world.r2_events.rules.get((bucket, queue_id), [])
        self._world.r2_events.rules[bucket, queue_id] = [rule for rule in rules if ids and rule.id not in ids]
        self._world.truth.effect("cloudflare", "r2.notification", bucket, queue=queue_id, removed=ids or "all")
        return ok({})

    def _queue_id(self, request: Request) -> str:
        id = str(request.path_params["queue_id"])
        if id not in self._world.queues.by_id:
            raise Refusal(404, 11000, "Queue not found")
        return id

    def _shown(self, bucket: str, queue_id: str) -> dict[str, Any]:
        queue = self._world.queues.by_id.get(queue_id)
        return {
            "queueId": queue_id,
            "queueName": queue.name if queue else "",
            "rules": [_rule(rule) for rule in self._world.r2_events.rules[bucket, queue_id]],
        }


def _is_rule(rule: Any) -> bool:
    actions = rule.get("actions") if isinstance(rule, dict) else None
    return isinstance(actions, list) and bool(actions) and set(actions) <= set(ACTIONS)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "ruleId": rule.id,
        "createdAt": moment(rule.created_at),
        "actions": list(rule.actions),
        "prefix": rule.prefix,
        "suffix": rule.suffix,
        "description": rule.description,
    }
