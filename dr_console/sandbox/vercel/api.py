"""The pretend Vercel as one vendor: all routes behind the same door, and what it means for the origins."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.vercel import deployments, domains, hosts, people, projects, switching, variables
from dr_console.sandbox.vercel.account import TEAM_ID, TEAM_SLUG, USER_ID, VENDOR, Account
from dr_console.sandbox.vercel.asking import Asked, Refusal, View, complain, unversioned
from dr_console.sandbox.vercel.control import Control
from dr_console.sandbox.vercel.seed import PROJECTS, fill
from dr_console.sandbox.vercel.settings_store import Stores
from dr_console.sandbox.world import World

# `vercel --api` keeps only the host of the address that it is given.
AT_ROOT = ("/v{version:int}", "/now", "/teams", "/projects", "/deployments", "/aliases", "/domains")
BEARER = re.compile(r"[Bb]earer ([\x21-\x7e]+)")


def vercel(world: World) -> Vendor:
    account = Account(world)
    fill(account)
    stores = Stores(account)
    tables = (
        deployments.TABLE,
        switching.TABLE,
        hosts.TABLE,
        domains.TABLE,
        variables.TABLE,
        projects.TABLE,
        people.TABLE,
        stores.table(),
        stores.readers(),
    )
    routes = [_route(account, *row) for table in tables for row in table]
    for _id, _region, names in PROJECTS.values():
        for host in names:
            if host in world.origins:
                world.origins[host].obstacles[VENDOR] = _obstacle(account, host)
    control = Control(account)
    router = Router(routes, default=_nothing_here, redirect_slashes=False)
    return Vendor(
        VENDOR,
        "/vercel",
        complain,
        app=_Unversioned(router),
        control=control.routes(),
        state=control.state,
        at_root=AT_ROOT,
    )


def _obstacle(account: Account, host: str) -> Any:
    return lambda: account.why_not(host)


class _Unversioned:
    """Before the router: takes the version off the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            root = scope.get("root_path", "")
            path = unversioned(scope["path"].removeprefix(root).rstrip("/"))
            scope = {**scope, "path": root + (path or "/")}
        await self._app(scope, receive, send)


def _route(account: Account, method: str, path: str, view: View) -> BaseRoute:
    async def answer(request: Request) -> Response:
        try:
            asked = Asked(request, account, _let_in(request), await request.body())
            found = view(asked)
        except Refusal as refusal:
            return refusal.response()
        return found if isinstance(found, Response) else JSONResponse(found)

    return Route(path, answer, methods=[method])


def _let_in(request: Request) -> str:
    """The owner that the request speaks for. Whoever names no team speaks for the user, who owns no projects here."""
    token = request.headers.get("authorization", "")
    if not token and request.query_params.get("token"):
        token = f"Bearer {request.query_params['token']}"
    if not token:
        message = "The request is missing an authentication token"
        raise Refusal(403, "forbidden", message, missingToken=True)
    if not BEARER.fullmatch(token):
        raise Refusal(403, "forbidden", "Not authorized", invalidToken=True)
    team = request.query_params.get("teamId") or request.query_params.get("slug")
    if not team:
        return USER_ID
    if team not in (TEAM_ID, TEAM_SLUG):
        raise Refusal(403, "forbidden", "Not authorized")
    return TEAM_ID


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    refusal = Refusal(404, "not_found", "The requested API endpoint was not found.")
    await refusal.response()(scope, receive, send)
