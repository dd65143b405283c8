"""CodeCommit's git over HTTPS, below /aws/v1/repos; its API is moto's.

https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-connect.html
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dr_console.sandbox import git_http
from dr_console.sandbox.aws.cloud import cloud_of
from dr_console.sandbox.git_repositories import Repositories, Repository
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

REPOSITORY = "gemini-toolbox"


def codecommit(world: World) -> Vendor:
    repositories = Repositories(world.clock, {REPOSITORY: True})
    cloud_of(world).git = repositories

    async def pushed(repo: Repository, before: dict[str, str], after: dict[str, str]) -> None:
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                detail = {"before": before.get(name, ""), "after": after.get(name, "")}
                world.truth.effect("codecommit", "git.push", f"{repo.name} {name}", **detail)

    async def git(request: Request) -> Response:
        name, path = request.path_params["name"], request.path_params["path"]
        return await git_http.serve(request, repositories, name, path, pushed=pushed, refuse=_refuse)

    return Vendor(
        name="codecommit",
        prefix="/aws/v1/repos",
        complain=lambda status, *, request, retry_after=None: _refuse(status),
        routes=[
            Route("/{name}/{path:path}", git, methods=["GET", "POST"]),
        ],
        state=lambda: {
            "repositories": [{"name": repo.name, "refs": repo.refs()} for repo in repositories.made.values()]
        },
    )


def _refuse(status: int) -> Response:
    if status == 401:
        headers = {"WWW-Authenticate": 'Basic realm="AWS CodeCommit"'}
        return PlainTextResponse("", 401, headers)
    words = {404: "repository not found\n", 429: "ThrottlingException: Rate exceeded\n"}
    return PlainTextResponse(words.get(status, "internal error\n"), status)
