"""One world's AWS: moto's answers, changed by what each service adds to them: time, quotas, and operations it lacks."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from dr_console.sandbox.aws import answers, moto_server
from dr_console.sandbox.aws.answers import Fault, Reply
from dr_console.sandbox.aws.recognition import Asked
from dr_console.sandbox.world import World

log = logging.getLogger(__name__)

ACCOUNT = "123456789012"
REGION = "eu-central-1"
HTML = (b"<!doctype html", b"<html")


@dataclass
class Cloud:
    """What the vendors that stand on moto share in one world. `seeds` are run when it is first asked for anything."""

    world: World
    seeds: list[Callable[[], None]] = field(default_factory=list)
    started: bool = False
    # CodeCommit's repositories, by whoever serves their git.
    git: Any = None

    def start(self) -> None:
        """Only in moto's thread."""
        if not self.started:
            moto_server.start(self.world)
            self.started = True
            for seed in self.seeds:
                seed()

    def later(self, seconds: float, do: Callable[[], None], *, quiet: bool = False) -> None:
        """Have `do`, which may touch moto's objects, done in so many seconds of the world. `quiet`: as the clock's."""

        def locked() -> None:
            with moto_server.lock:
                do()

        self.world.clock.later(seconds, locked, quiet=quiet)

    def backend(self, service: str, *, account: str = ACCOUNT, region: str = REGION) -> Any:
        return moto_server.backend(service, account, region)


_latest: list[Cloud] = []


def cloud_of(world: World) -> Cloud:
    """The same for everybody who asks in this world. An earlier world's is forgotten."""
    if not _latest or _latest[0].world is not world:
        _latest[:] = [Cloud(world)]
    return _latest[0]


@dataclass
class Call:
    """One request to one operation, as a hook gets it. A hook runs in moto's thread."""

    cloud: Cloud
    asked: Asked
    account: str
    vendor: str
    method: str
    path: str
    query: bytes
    headers: list[tuple[str, str]]
    body: bytes
    id: str

    @property
    def world(self) -> World:
        return self.cloud.world

    @property
    def region(self) -> str:
        return self.asked.region

    def now(self) -> datetime:
        return self.world.clock.moment()

    @cached_property
    def params(self) -> dict[str, Any]:
        """What was sent, named as AWS's reference names it. Times are naive and UTC, as moto has them."""
        from moto.core.parse import PROTOCOL_PARSERS  # noqa: PLC0415 (an idle sandbox stays small without it)
        from moto.core.request import Request  # noqa: PLC0415 (as above)

        environ = moto_server._environ(self.method, self.path, self.query, self.headers, self.body, self.account)
        request = Request({**environ, "wsgi.input": io.BytesIO(self.body)})
        parsed: dict[str, Any] = PROTOCOL_PARSERS[self.asked.protocol](self._model()).parse(
            {
                "method": self.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": self.asked.places,
            }
        )
        return parsed

    def moto(self) -> Reply:
        """moto's answer as it is, errors and all. What it does not know is refused as AWS refuses it."""
        asked = self.asked
        try:
            reply = moto_server.ask(self.method, self.path, self.query, self.headers, self.body, self.account)
        except NotImplementedError as error:
            raise answers.unknown_operation(asked.service, asked.protocol, asked.operation) from error
        if reply.status >= 400 and reply.body.lstrip().lower().startswith(HTML):
            if reply.status < 500:
                raise answers.unknown_operation(asked.service, asked.protocol, asked.operation)
            raise answers.broken(asked.service, asked.protocol, reply.status)
        given = reply.headers.get("x-amzn-requestid")
        if given and asked.service != "s3":
            reply.headers["x-amzn-requestid"] = self.id
            reply.body = reply.body.replace(given.encode(), self.id.encode())
        return reply

    def result(self) -> dict[str, Any]:
        """moto's answer read as boto3 reads it. Raises Fault where it is an error."""
        from botocore.parsers import create_parser  # noqa: PLC0415 (as above)

        reply = self.moto()
        model = self._model()
        parsed: dict[str, Any] = create_parser(self.asked.protocol).parse(
            {"status_code": reply.status, "headers": reply.headers, "body": reply.body}, model.output_shape
        )
        if reply.status >= 300:
            error = parsed.get("Error", {})
            raise Fault(error.get("Code", "InternalFailure"), error.get("Message", ""), reply.status)
        parsed.pop("ResponseMetadata", None)
        return parsed

    def instead(self, operation: str, **params: str) -> dict[str, Any]:
        """What moto answers to another operation of a query service, asked with the same key in the same region."""
        asked = replace(self.asked, operation=operation)
        form = {"Action": operation, "Version": str(self._model().service_model.api_version), **params}
        other = replace(self, asked=asked, body=urlencode(form).encode())
        return other.result()

    def answer(self, result: dict[str, Any]) -> Reply:
        """`result` in the service's own protocol."""
        from moto.core.serialize import SerializationContext, get_serializer_class  # noqa: PLC0415 (as above)

        serializer = get_serializer_class(self.asked.service, self.asked.protocol)
        made = serializer(self._model(), context=SerializationContext(self.id)).serialize(result)
        body = made["body"]
        headers = {name.lower(): str(value) for name, value in made["headers"].items()}
        return Reply(made["status_code"], headers, body.encode() if isinstance(body, str) else body)

    def effect(self, what: str, target: str, **detail: Any) -> None:
        self.world.truth.effect(self.vendor, what, target, **detail)

    def _model(self) -> Any:
        from moto.core.utils import get_service_model  # noqa: PLC0415 (as above)

        return get_service_model(self.asked.service).operation_model(self.asked.operation)


Hook = Callable[[Call], dict[str, Any] | Reply]


class Service:
    """What we add to one of AWS's services. Its hooks are its methods marked by `@on("CreateSnapshot")`.

    Made with the world and thus cheap; `seed` is called once moto is there.
    """

    name: ClassVar[str]

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.world = cloud.world

    def seed(self) -> None:
        """Put what the customer has into moto."""

    def hooks(self) -> dict[str, Hook]:
        """By label: "elasticache.CreateSnapshot"."""
        found: dict[str, Hook] = {}
        for name in dir(type(self)):
            for operation in getattr(getattr(type(self), name), "answers_to", ()):
                found[f"{self.name}.{operation}"] = getattr(self, name)
        return found


def on(*operations: str) -> Callable[[Any], Any]:
    """Mark a method of a Service as what answers to these operations. It may ask moto by `call.result()`."""

    def mark(method: Any) -> Any:
        method.answers_to = operations
        return method

    return mark


def answer(call: Call, hooks: dict[str, Hook]) -> Reply:
    """The whole answer to a request, errors included. Only in moto's thread."""
    asked = call.asked
    try:
        call.cloud.start()
        if not asked.operation:
            raise answers.unknown_operation(asked.service, asked.protocol, "")
        hook = hooks.get(asked.label)
        made = hook(call) if hook else call.moto()
        reply = made if isinstance(made, Reply) else call.answer(made)
    except Fault as fault:
        reply = answers.refusal(fault, asked.service, asked.protocol, call.id, resource=call.path)
    except Exception:  # moto is other people's, and AWS never answers with a traceback
        log.exception("moto failed at %s", asked.label)
        failed = answers.broken(asked.service, asked.protocol, 500)
        reply = answers.refusal(failed, asked.service, asked.protocol, call.id, resource=call.path)
    _name(reply, call)
    return reply


def _name(reply: Reply, call: Call) -> None:
    """Every answer says which request it belongs to."""
    if reply.status in (204, 304):
        reply.body = b""
    names: Iterable[str] = ("x-amz-request-id", "x-amz-id-2") if call.asked.service == "s3" else ("x-amzn-requestid",)
    for name in names:
        reply.headers.setdefault(name, call.id)
    for name in ("server", "access-control-allow-origin", "status", "content-length", "connection", "date"):
        if name != "content-length" or call.method != "HEAD":
            reply.headers.pop(name, None)
