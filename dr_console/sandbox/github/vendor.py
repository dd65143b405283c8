"""GitHub as the server mounts it: REST, git itself, and what only the world's owner can do."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dr_console.sandbox import git_http
from dr_console.sandbox.answers import WrongInput, answering, read_as
from dr_console.sandbox.git_repositories import Repository, add_commit
from dr_console.sandbox.github import hook_routes, rest, shapes
from dr_console.sandbox.github.host import REPOSITORY, Host
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def github(world: World) -> Vendor:
    host = Host(world)
    return Vendor(
        name="github",
        prefix="/github",
        complain=host.complain,
        routes=[*rest.routes(host), *hook_routes.routes(host), *_git_routes(host), _nothing_else(host)],
        control=[Route("/commit", answering(_committing(host)), methods=["POST"])],
        state=lambda: {
            "repositories": [_seen(repo) for repo in host.repositories.made.values()],
            "webhooks": [hook.shown("") for hook in host.hooks.by_id.values()],
        },
    )


def _seen(repo: Repository) -> dict[str, Any]:
    return {"name": repo.name, "default_branch": repo.default_branch, "refs": repo.refs()}


def _git_routes(host: Host) -> list[Route]:
    async def git(request: Request) -> Response:
        name = "{owner}/{repo}".format(**request.path_params)
        base = shapes.base_url(request)

        async def pushed(repo: Repository, before: dict[str, str], after: dict[str, str]) -> None:
            await host.pushed(base, repo, before, after)

        path = request.path_params["path"]
        return await git_http.serve(request, host.repositories, name, path, pushed=pushed, refuse=_refuse)

    paths = ["info/refs", "git-upload-pack", "git-receive-pack"]
    spellings = ["/{owner}/{repo}.git/", "/{owner}/{repo}/"]
    return [_git_route(spelling, path, git) for spelling in spellings for path in paths]


def _git_route(spelling: str, path: str, git: Any) -> Route:
    async def here(request: Request) -> Response:
        request.path_params["path"] = path
        answer: Response = await git(request)
        return answer

    return Route(spelling + path, here, methods=["GET" if path == "info/refs" else "POST"])


def _refuse(status: int) -> Response:
    if status == 401:
        headers = {"WWW-Authenticate": 'Basic realm="GitHub"'}
        return PlainTextResponse("Invalid username or token.\n", 401, headers)
    return PlainTextResponse("Repository not found.\n", status)


def _nothing_else(host: Host) -> Route:
    async def nothing(request: Request) -> Response:
        host.meter.count()
        return host.complain(404, request=request)

    return Route("/{path:path}", nothing, methods=METHODS)


class Commit(BaseModel):
    """What POST /control/github/commit takes: somebody of the team pushes. `force`: and rewrites the branch."""

    model_config = ConfigDict(extra="forbid", strict=True)

    repository: str = REPOSITORY
    branch: str = Field("main", pattern=r"^[A-Za-z0-9][\w./-]*$", max_length=200)
    message: str = Field("Mend a picture", min_length=1, max_length=1000)
    force: bool = False


def _committing(host: Host) -> Any:
    async def commit(request: Request) -> Response:
        wanted = await read_as(request, Commit)
        repo = await asyncio.to_thread(host.repositories.get, wanted.repository)
        if repo is None:
            raise WrongInput("repository", f"repository: there is no repository “{wanted.repository}” here.")
        before = repo.refs()
        at = host.world.clock.now()
        sha = await asyncio.to_thread(add_commit, repo, wanted.branch, wanted.message, at, force=wanted.force)
        base = f"{request.url.scheme}://{request.url.netloc}/github"
        await host.pushed(base, repo, before, repo.refs())
        return JSONResponse({"sha": sha, "ref": f"refs/heads/{wanted.branch}"}, 201)

    return commit
