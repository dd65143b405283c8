"""How GitHub writes things down (docs.github.com/rest): users, repositories, commits, refs, errors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dr_console.sandbox.git_repositories import Repository
from dr_console.sandbox.world import World

DOCUMENTATION = "https://docs.github.com/rest"
LOGIN = "gemini-bot"
LIMIT = 5_000
FIELDS = "%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B%x1e"


def number(text: str) -> int:
    """An id that stays the same for the same name."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 900_000_000 + 1_000


def node_id(text: str) -> str:
    return f"R_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


@dataclass
class Meter:
    """The hour's calls, for the X-RateLimit headers and for ids of requests."""

    world: World
    used: int = 0
    hour: int = 0
    calls: int = 0

    def count(self) -> None:
        self.calls += 1
        hour = int(self.world.clock.now() // 3600)
        self.used = self.used + 1 if hour == self.hour else 1
        self.hour = hour

    def core(self) -> dict[str, int]:
        return {
            "limit": LIMIT,
            "remaining": max(0, LIMIT - self.used),
            "reset": (self.hour + 1) * 3600,
            "used": self.used,
        }

    def headers(self) -> dict[str, str]:
        core = {f"X-RateLimit-{name.capitalize()}": str(value) for name, value in self.core().items()}
        digits = f"{self.calls * 2_654_435_761 % 2**32:08X}"
        return {
            **core,
            "X-RateLimit-Resource": "core",
            "X-GitHub-Request-Id": f"C0DE:{digits[:4]}:{digits}:{digits[::-1]}:{int(self.world.clock.now()):08X}",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "x-github-api-version-selected": "2022-11-28",
        }


def answer(meter: Meter, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    if status == 204:
        return Response(status_code=204, headers=meter.headers())
    return JSONResponse(content, status, {**meter.headers(), **(headers or {})})


def error(
    meter: Meter, status: int, message: str, errors: list[dict[str, Any]] | None = None, headers: Any = None
) -> Response:
    content: dict[str, Any] = {"message": message}
    if errors:
        content["errors"] = errors
    return answer(
        meter, {**content, "documentation_url": DOCUMENTATION, "status": str(status)}, status, headers=headers
    )


def user(base: str, login: str, kind: str = "User") -> dict[str, Any]:
    url = f"{base}/users/{login}"
    return {
        "login": login,
        "id": number(login),
        "node_id": node_id(login),
        "avatar_url": f"{base}/avatars/{login}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{base}/{login}",
        "followers_url": f"{url}/followers",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}",
        "type": kind,
        "site_admin": False,
    }


LINKS = (
    ("branches", "branches{/branch}"),
    ("tags", "tags"),
    ("commits", "commits{/sha}"),
    ("git_commits", "git/commits{/sha}"),
    ("git_refs", "git/refs{/sha}"),
    ("git_tags", "git/tags{/sha}"),
    ("contents", "contents/{+path}"),
    ("compare", "compare/{base}...{head}"),
    ("hooks", "hooks"),
    ("releases", "releases{/id}"),
)
COUNTS = ("stargazers_count", "watchers_count", "watchers", "forks_count", "forks", "open_issues_count", "open_issues")
FLAGS = {
    **dict.fromkeys(("has_issues", "has_downloads"), True),
    **dict.fromkeys(("has_projects", "has_wiki", "has_pages", "has_discussions"), False),
    **dict.fromkeys(("fork", "archived", "disabled", "is_template"), False),
}


def repository(base: str, repo: Repository, now: float) -> dict[str, Any]:
    owner, name = repo.name.split("/", 1)
    url, page = f"{base}/repos/{repo.name}", f"{base}/{repo.name}"
    return {
        "id": number(repo.name),
        "node_id": node_id(repo.name),
        "name": name,
        "full_name": repo.name,
        "private": True,
        "visibility": "private",
        "owner": user(base, owner, "Organization"),
        "html_url": page,
        "description": "Tools for pictures",
        "url": url,
        **{f"{what}_url": f"{url}/{path}" for what, path in LINKS},
        **{what: f"{page}.git" for what in ("clone_url", "git_url")},
        "ssh_url": f"git@127.0.0.1:{repo.name}.git",
        "svn_url": page,
        "homepage": None,
        "language": "TypeScript",
        "size": 12,
        **dict.fromkeys(COUNTS, 0),
        **FLAGS,
        "license": None,
        "topics": [],
        "default_branch": repo.default_branch,
        "created_at": moment(repo.created_at),
        "updated_at": moment(now),
        "pushed_at": moment(now),
        "permissions": dict.fromkeys(("admin", "maintain", "push", "triage", "pull"), True),
    }


def commits(base: str, repo: Repository, *arguments: str) -> list[dict[str, Any]]:
    """What `git log` with these arguments finds, as GitHub writes commits."""
    printed = repo.git("log", f"--format={FIELDS}", *arguments)
    records = [record.lstrip("\n") for record in printed.split("\x1e") if record.strip()]
    return [_commit(base, repo, record.split("\x1f")) for record in records]


def _commit(base: str, repo: Repository, fields: list[str]) -> dict[str, Any]:
    sha, tree, parents, author, author_mail, authored, committer, committer_mail, committed, message = fields
    url = f"{base}/repos/{repo.name}"
    return {
        "sha": sha,
        "node_id": node_id(sha),
        "url": f"{url}/commits/{sha}",
        "html_url": f"{base}/{repo.name}/commit/{sha}",
        "comments_url": f"{url}/commits/{sha}/comments",
        "commit": {
            "author": {"name": author, "email": author_mail, "date": _utc(authored)},
            "committer": {"name": committer, "email": committer_mail, "date": _utc(committed)},
            "message": message.strip(),
            "tree": {"sha": tree, "url": f"{url}/git/trees/{tree}"},
            "url": f"{url}/git/commits/{sha}",
            "comment_count": 0,
            "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
        },
        "author": user(base, LOGIN),
        "committer": user(base, LOGIN),
        "parents": [{"sha": parent, "url": f"{url}/commits/{parent}"} for parent in parents.split()],
    }


def _utc(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ref(base: str, repo: Repository, name: str, id: str) -> dict[str, Any]:
    kind = repo.git("cat-file", "-t", id).strip()
    url = f"{base}/repos/{repo.name}/git"
    return {
        "ref": name,
        "node_id": node_id(name),
        "url": f"{url}/{name}",
        "object": {"sha": id, "type": kind, "url": f"{url}/{kind}s/{id}"},
    }


def branch(base: str, repo: Repository, name: str, id: str) -> dict[str, Any]:
    return {
        "name": name,
        "commit": {"sha": id, "url": f"{base}/repos/{repo.name}/commits/{id}"},
        "protected": False,
    }
