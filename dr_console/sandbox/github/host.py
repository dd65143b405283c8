"""What the pretend GitHub keeps, and how its REST handlers answer: token first, then the repository, then the rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dr_console.sandbox.git_repositories import Repositories, Repository
from dr_console.sandbox.github import shapes
from dr_console.sandbox.github.hooks import NOTHING, Hooks
from dr_console.sandbox.world import World

REPOSITORY = "gemini/toolbox"
ENDS = ("refs/heads/", "refs/tags/")


class Wrong(Exception):
    """The request cannot be carried out: status, message, and GitHub's list of errors."""

    def __init__(self, status: int, message: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors


class Asked:
    """One request to the REST API. `repo`: of its path."""

    def __init__(self, host: Host, request: Request, content: Any, repo: Repository | None) -> None:
        self.host, self.request, self.content = host, request, content
        self._repo = repo
        self.base = shapes.base_url(request)

    @property
    def repo(self) -> Repository:
        assert self._repo is not None
        return self._repo

    def part(self, name: str) -> str:
        return str(self.request.path_params[name])

    def field(self, name: str, kind: type = str) -> Any:
        value = self.content.get(name)
        if not isinstance(value, kind):
            code = "missing_field" if value is None else "invalid"
            raise Wrong(422, "Validation Failed", [{"resource": "Request", "field": name, "code": code}])
        return value


View = Callable[[Asked], tuple[int, Any]]


class Host:
    def __init__(self, world: World) -> None:
        self.world = world
        self.repositories = Repositories(world.clock, {REPOSITORY: True})
        self.hooks = Hooks(world)
        self.meter = shapes.Meter(world)
        self._loop: asyncio.AbstractEventLoop | None = None

    def answering(self, view: View) -> Any:
        """The view as a route's endpoint. It runs in a thread, since it asks git."""

        async def answer(request: Request) -> Response:
            self.meter.count()
            self._loop = asyncio.get_running_loop()
            try:
                _check_token(request)
                content = _content(await request.body())
                repo = await asyncio.to_thread(self._repository, request)
                status, found = await asyncio.to_thread(view, Asked(self, request, content, repo))
            except Wrong as wrong:
                return shapes.error(self.meter, wrong.status, wrong.message, wrong.errors)
            if isinstance(found, list):
                return _page(self.meter, request, found)
            return shapes.answer(self.meter, found, status)

        return answer

    def _repository(self, request: Request) -> Repository | None:
        if "repo" not in request.path_params:
            return None
        name = "{owner}/{repo}".format(**request.path_params)
        found = self.repositories.get(name)
        if found is None:
            raise Wrong(404, "Not Found")
        return found

    def soon(self, act: Callable[[], Any]) -> None:
        """Have the event loop do this, as what sends must; for views, which run in threads."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(act)

    def moved(self, base: str, repo: Repository, before: dict[str, str]) -> None:
        """As `pushed`, for a view."""
        after = repo.refs()
        self._note(repo, before, after)
        self.soon(lambda: self._tell(base, repo, before, after))

    async def pushed(self, base: str, repo: Repository, before: dict[str, str], after: dict[str, str]) -> None:
        """Refs moved: write it down, and tell the webhooks."""
        self._note(repo, before, after)
        self._tell(base, repo, before, after)

    def _note(self, repo: Repository, before: dict[str, str], after: dict[str, str]) -> None:
        for name, old, new in _moves(before, after):
            self.world.truth.effect("github", "git.push", f"{repo.name} {name}", before=old, after=new)

    def _tell(self, base: str, repo: Repository, before: dict[str, str], after: dict[str, str]) -> None:
        for name, old, new in _moves(before, after):
            if name.startswith(ENDS):
                self.hooks.pushed(base, repo, name, old, new)

    def complain(self, status: int, *, request: Request, retry_after: float | None = None) -> Response:
        headers = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
        messages = {
            401: "Bad credentials",
            403: "Resource not accessible by personal access token",
            404: "Not Found",
            429: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        }
        return shapes.error(self.meter, status, messages.get(status, "Server Error"), headers=headers)


def _moves(before: dict[str, str], after: dict[str, str]) -> list[tuple[str, str, str]]:
    moves = [(name, before.get(name, NOTHING), after.get(name, NOTHING)) for name in sorted({*before, *after})]
    return [move for move in moves if move[1] != move[2]]


def _check_token(request: Request) -> None:
    given = request.headers.get("authorization", "")
    if not given:
        raise Wrong(401, "Requires authentication")
    kind, _, token = given.partition(" ")
    if kind.lower() not in ("bearer", "token", "basic") or not token.strip():
        raise Wrong(401, "Bad credentials")


def _content(body: bytes) -> Any:
    if not body:
        return {}
    try:
        content = json.loads(body)
    except ValueError:
        raise Wrong(400, "Problems parsing JSON") from None
    if not isinstance(content, dict):
        raise Wrong(400, "Body should be a JSON object")
    return content


def _page(meter: shapes.Meter, request: Request, found: list[Any]) -> Response:
    """One page of a list, with the header Link where there are more."""
    per_page = _number(request.query_params.get("per_page"), 30, most=100)
    page = _number(request.query_params.get("page"), 1, most=10_000)
    last = max(1, -(-len(found) // per_page))
    named = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = [name for name in named if (name in ("next", "last") and page < last) or
              (name in ("prev", "first") and page > 1)]  # fmt: skip
    links = [f'<{request.url.include_query_params(page=named[name])}>; rel="{name}"' for name in wanted]
    headers = {"Link": ", ".join(links)} if links else {}
    return shapes.answer(meter, found[(page - 1) * per_page : page * per_page], headers=headers)


def _number(text: str | None, default: int, *, most: int) -> int:
    return min(int(text), most) if text and text.isdigit() and int(text) else default
