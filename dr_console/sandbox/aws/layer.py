"""The ASGI app in front of moto: which operation, whose key, what the hooks say, and an answer as AWS gives it."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dr_console.sandbox.aws import answers, moto_server
from dr_console.sandbox.aws.answers import Fault, Reply
from dr_console.sandbox.aws.cloud import ACCOUNT, Call, Cloud, Hook, answer
from dr_console.sandbox.aws.keys import Keys
from dr_console.sandbox.aws.recognition import Asked, recognise


def below(prefix: str, scope: Scope) -> str:
    """The path below our prefix as it was sent, with its percent signs."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1").split("?", 1)[0].removeprefix(prefix) or "/"


class Layer:
    """An account at a vendor that speaks AWS's protocols: AWS, or Cloudflare's R2.

    `services`: the only ones it has; all if empty. `hooks`: by label. `keys`: which access keys are good.
    """

    def __init__(
        self,
        cloud: Cloud,
        hooks: dict[str, Hook],
        *,
        vendor: str,
        prefix: str,
        keys: Keys,
        account: str = ACCOUNT,
        services: frozenset[str] = frozenset(),
    ) -> None:
        self._cloud, self._hooks, self._vendor, self._prefix = cloud, hooks, vendor, prefix
        self._keys, self._account, self._services = keys, account, services

    def asked(self, request: Request, body: bytes) -> Asked:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
        path = below(self._prefix, request.scope)
        asked = recognise(request.method, path, request.scope["query_string"], headers, body)
        if self._services and asked.service not in self._services:
            only = next(iter(self._services))
            return Asked(only, "", "rest-xml", asked.region, asked.key, asked.signature)
        return asked

    def label(self, request: Request, body: bytes) -> str:
        """What a fault rule's route is matched against: "elasticache.CreateSnapshot"."""
        return self.asked(request, body).label

    def complain(self, status: int, *, request: Request, retry_after: float | None = None) -> Response:
        """A fault of the world in AWS's own words."""
        # The body has been read by the server before us, and Starlette keeps it.
        asked = self.asked(request, getattr(request, "_body", b""))
        fault = _complaint(status, asked)
        id = answers.request_id(self._cloud.world)
        reply = answers.refusal(fault, asked.service, asked.protocol, id, resource=request.url.path)
        if retry_after is not None:
            reply.headers["retry-after"] = f"{retry_after:g}"
        return Response(reply.body, reply.status, reply.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        asked = self.asked(request, body)
        call = Call(
            cloud=self._cloud,
            asked=asked,
            account=self._account,
            vendor=self._vendor,
            method=request.method,
            path=below(self._prefix, scope),
            query=scope["query_string"],
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            body=body,
            id=answers.request_id(self._cloud.world),
        )
        refused = self._keys.why_not(asked)
        if refused:
            reply = answers.refusal(refused, asked.service, asked.protocol, call.id, resource=call.path)
        else:
            reply = await moto_server.in_thread(partial(answer, call, self._hooks))
        if reply.wait:
            await self._cloud.world.clock.sleep(reply.wait)
        await _response(reply)(scope, receive, send)


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status)
    for name, value in reply.headers.items():
        response.headers[name] = value
    return response


def _complaint(status: int, asked: Asked) -> Fault:
    if status in (401, 403):
        return answers.expired_token(asked.service, asked.protocol)
    if status == 429:
        return answers.throttled(asked.service, asked.protocol)
    return answers.broken(asked.service, asked.protocol, status)
