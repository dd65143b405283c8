"""git over HTTP, by git's own `git http-backend` (git-scm.com/docs/http-protocol)."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from dr_console.sandbox.git_repositories import ENVIRONMENT, Repositories, Repository

LONGEST_SECONDS = 300
SERVICES = ("git-upload-pack", "git-receive-pack")
Pushed = Callable[[Repository, dict[str, str], dict[str, str]], Awaitable[None]]
Refuse = Callable[[int], Response]


async def serve(
    request: Request, repositories: Repositories, name: str, path: str, *, pushed: Pushed, refuse: Refuse
) -> Response:
    """Answer git. `path`: below the repository. `pushed`: told the refs before and after. `refuse`: 401 and 404."""
    if not _has_password(request):
        return refuse(401)
    repository = await asyncio.to_thread(repositories.get, name)
    if repository is None:
        return refuse(404)
    service = request.query_params.get("service") or path.rsplit("/", 1)[-1]
    if service not in SERVICES:
        return refuse(404)
    changes = path == "git-receive-pack"
    before = await asyncio.to_thread(repository.refs) if changes else {}
    answer = await _backend(request, repository, path)
    if changes:
        after = await asyncio.to_thread(repository.refs)
        if after != before:
            await pushed(repository, before, after)
    return answer


def _has_password(request: Request) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return bool(given.strip())
    if kind.lower() != "basic":
        return False
    try:
        _user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return bool(password)


async def _backend(request: Request, repository: Repository, path: str) -> Response:
    body = await request.body()
    variables = {
        **ENVIRONMENT,
        "GIT_PROJECT_ROOT": str(repository.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{path}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.url.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "HTTP_GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_USER": "sandbox",
        "REMOTE_ADDR": "127.0.0.1",
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "git", "http-backend", env=variables, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(body), LONGEST_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _as_response(printed)


def _as_response(printed: bytes) -> Response:
    head, _, body = printed.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = int(headers.pop("Status", "200 OK" if head else "500 Error").split()[0])
    return Response(body, status, headers)
