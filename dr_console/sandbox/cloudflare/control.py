"""What only the world's owner can do to Cloudflare, below /control/cloudflare."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dr_console.sandbox.answers import WrongInput, answering, read_as
from dr_console.sandbox.cloudflare.front import MOST_REQUESTS, RIGHTS, Budget, Tokens
from dr_console.sandbox.cloudflare.zones import Zones
from dr_console.sandbox.queues import EVENTS_QUEUE_ID
from dr_console.sandbox.stores import R2_BUCKET
from dr_console.sandbox.world import World

STRICT = ConfigDict(extra="forbid", strict=True)
Right = Annotated[str, Field(pattern=f"^({'|'.join(RIGHTS)})$")]
Action = Literal["PutObject", "CopyObject", "DeleteObject", "CompleteMultipartUpload", "LifecycleDeletion"]


class TokenChange(BaseModel):
    """`token`: which; every token, if it is left out. `lacks`: rights it does not have, as "dns:edit"."""

    model_config = STRICT

    state: Literal["active", "disabled", "expired"] = "active"
    token: str = "*"
    lacks: list[Right] = []


class PlanChange(BaseModel):
    """Of every zone."""

    model_config = STRICT

    plan: Literal["free", "pro", "business", "enterprise"]


class BudgetChange(BaseModel):
    """How many calls may still be made in these five minutes."""

    model_config = STRICT

    left: int = Field(ge=0, le=MOST_REQUESTS)


class EventLoss(BaseModel):
    """How many of R2's next events get lost."""

    model_config = STRICT

    drop_next: int = Field(ge=0, le=1_000_000)


class EventMade(BaseModel):
    """One change in R2 that is told to the queue now, whether it happened or not."""

    model_config = STRICT

    key: str
    bucket: str = R2_BUCKET
    action: Action = "PutObject"
    size: int | None = None
    etag: str | None = None


class CloudflareControl:
    def __init__(self, world: World, zones: Zones, tokens: Tokens, budget: Budget) -> None:
        self._world, self._zones, self._tokens, self._budget = world, zones, tokens, budget

    def routes(self) -> list[Route]:
        views = {
            "/tokens": self.tokens,
            "/plan": self.plan,
            "/budget": self.budget,
            "/events": self.event,
            "/events/loss": self.event_loss,
        }
        return [Route(path, answering(view), methods=["POST"]) for path, view in views.items()]

    async def tokens(self, request: Request) -> Response:
        wanted = await read_as(request, TokenChange)
        self._tokens.states[wanted.token] = wanted.state
        self._tokens.lacking[wanted.token] = frozenset(wanted.lacks)
        return JSONResponse({"status": "ok"})

    async def plan(self, request: Request) -> Response:
        wanted = await read_as(request, PlanChange)
        for zone in self._zones.by_id.values():
            zone.plan = wanted.plan
        return JSONResponse({"status": "ok"})

    async def budget(self, request: Request) -> Response:
        self._budget.leave((await read_as(request, BudgetChange)).left)
        return JSONResponse({"status": "ok"})

    async def event(self, request: Request) -> Response:
        made = await read_as(request, EventMade)
        queue = self._world.queues.by_id.get(EVENTS_QUEUE_ID)
        if queue is None:
            raise WrongInput("key", "The queue was deleted.")
        self._world.r2_events.tell(queue, made.action, made.bucket, made.key, size=made.size, etag=made.etag)
        return JSONResponse({"status": "ok"})

    async def event_loss(self, request: Request) -> Response:
        self._world.r2_events.drop_next = (await read_as(request, EventLoss)).drop_next
        return JSONResponse({"status": "ok"})
