"""GitHub's REST API of repositories: branches, commits, tags, refs (docs.github.com/rest)."""

from __future__ import annotations

import subprocess
from typing import Any

from starlette.routing import Route

from dr_console.sandbox.github import shapes
from dr_console.sandbox.github.hooks import NOTHING
from dr_console.sandbox.github.host import REPOSITORY, Asked, Host, View, Wrong

Found = tuple[int, Any]
OF = "/repos/{owner}/{repo}"


def routes(host: Host) -> list[Route]:
    table: list[tuple[str, str, View]] = [
        ("GET", "/user", lambda asked: (200, _me(asked))),
        ("GET", "/user/repos", _repositories),
        ("GET", "/user/orgs", lambda asked: (200, [shapes.user(asked.base, REPOSITORY.split("/")[0], "Organization")])),
        ("GET", "/orgs/{org}/repos", _repositories),
        ("GET", "/users/{login}/repos", _repositories),
        ("GET", "/users/{login}", lambda asked: (200, shapes.user(asked.base, asked.part("login")))),
        ("GET", "/rate_limit", _rate_limit),
        ("GET", OF, lambda asked: (200, shapes.repository(asked.base, asked.repo, host.world.clock.now()))),
        ("GET", f"{OF}/branches", _branches),
        ("GET", OF + "/branches/{name:path}", _branch),
        ("GET", f"{OF}/tags", _tags),
        ("GET", f"{OF}/commits", _commits),
        ("GET", OF + "/commits/{name:path}", _commit),
        ("GET", OF + "/compare/{span:path}", _compare),
        ("GET", OF + "/git/commits/{sha}", _git_commit),
        ("GET", OF + "/git/ref/{name:path}", _ref),
        ("GET", f"{OF}/git/refs", _refs),
        ("GET", OF + "/git/refs/{name:path}", _refs),
        ("GET", OF + "/git/matching-refs/{name:path}", _refs),
        ("POST", f"{OF}/git/refs", _add_ref),
        ("PATCH", OF + "/git/refs/{name:path}", _move_ref),
        ("DELETE", OF + "/git/refs/{name:path}", _remove_ref),
        ("GET", f"{OF}/releases", lambda asked: (200, [])),
        ("GET", f"{OF}/contributors", lambda asked: (200, [])),
    ]
    return [Route(path, host.answering(view), methods=[method]) for method, path, view in table]


def _me(asked: Asked) -> dict[str, Any]:
    about = {"name": "Gemini bot", "company": None, "email": None, "bio": None, "public_repos": 0, "followers": 0}
    at = shapes.moment(asked.host.world.clock.now())
    return {**shapes.user(asked.base, shapes.LOGIN), **about, "following": 0, "created_at": at, "updated_at": at}


def _repositories(asked: Asked) -> Found:
    host = asked.host
    made = [found for name in list(host.repositories.seeds) if (found := host.repositories.get(name))]
    return 200, [shapes.repository(asked.base, repo, host.world.clock.now()) for repo in made]


def _rate_limit(asked: Asked) -> Found:
    core = asked.host.meter.core()
    return 200, {"resources": {"core": core, "search": {**core, "limit": 30, "remaining": 30}}, "rate": core}


def _branches(asked: Asked) -> Found:
    found = asked.repo.refs("refs/heads/")
    return 200, [
        shapes.branch(asked.base, asked.repo, name.removeprefix("refs/heads/"), id) for name, id in found.items()
    ]


def _branch(asked: Asked) -> Found:
    name = asked.part("name")
    id = asked.repo.refs("refs/heads/").get(f"refs/heads/{name}")
    if id is None:
        raise Wrong(404, "Branch not found")
    commit = shapes.commits(asked.base, asked.repo, "-1", id)[0]
    url = f"{asked.base}/repos/{asked.repo.name}/branches/{name}"
    links = {"self": url, "html": f"{asked.base}/{asked.repo.name}/tree/{name}"}
    protection = {
        "enabled": False,
        "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
    }
    return 200, {
        **shapes.branch(asked.base, asked.repo, name, id),
        "commit": commit,
        "_links": links,
        "protection": protection,
        "protection_url": f"{url}/protection",
    }


def _tags(asked: Asked) -> Found:
    base = f"{asked.base}/repos/{asked.repo.name}"
    found = []
    for name in asked.repo.refs("refs/tags/"):
        short, sha = name.removeprefix("refs/tags/"), asked.repo.resolve(name)
        found.append(
            {
                "name": short,
                "commit": {"sha": sha, "url": f"{base}/commits/{sha}"},
                "zipball_url": f"{base}/zipball/{name}",
                "tarball_url": f"{base}/tarball/{name}",
                "node_id": shapes.node_id(name),
            }
        )
    return 200, found


def _resolved(asked: Asked, wanted: str) -> str:
    sha = asked.repo.resolve(wanted)
    if not sha:
        raise Wrong(422, f"No commit found for SHA: {wanted}")
    return sha


def _commits(asked: Asked) -> Found:
    if not asked.repo.refs("refs/heads/"):
        raise Wrong(409, "Git Repository is empty.")
    wanted = asked.request.query_params.get("sha") or asked.repo.default_branch
    sha = asked.repo.resolve(wanted)
    if not sha:
        raise Wrong(404, "Not Found")
    query = asked.request.query_params
    span = [f"--{name}={query[name]}" for name in ("since", "until", "author") if query.get(name)]
    return 200, shapes.commits(asked.base, asked.repo, "-1000", *span, sha)


def _commit(asked: Asked) -> Found:
    commit = shapes.commits(asked.base, asked.repo, "-1", _resolved(asked, asked.part("name")))[0]
    return 200, {**commit, "stats": {"additions": 0, "deletions": 0, "total": 0}, "files": []}


def _git_commit(asked: Asked) -> Found:
    sha = asked.repo.resolve(asked.part("sha"))
    if not sha:
        raise Wrong(404, "Not Found")
    commit = shapes.commits(asked.base, asked.repo, "-1", sha)[0]
    inner = {name: value for name, value in commit["commit"].items() if name != "comment_count"}
    return 200, {**inner, "sha": commit["sha"], "node_id": commit["node_id"], "parents": commit["parents"]}


def _compare(asked: Asked) -> Found:
    one, dots, other = asked.part("span").partition("...")
    if not dots:
        raise Wrong(404, "Not Found")
    base, head = _resolved(asked, one), _resolved(asked, other)
    repo = asked.repo
    ahead = shapes.commits(asked.base, repo, "--reverse", f"{base}..{head}")
    behind = int(repo.git("rev-list", "--count", f"{head}..{base}"))
    statuses = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind", (False, False): "identical"}
    return 200, {
        "url": f"{asked.base}/repos/{repo.name}/compare/{one}...{other}",
        "status": statuses[bool(ahead), bool(behind)],
        "ahead_by": len(ahead),
        "behind_by": behind,
        "total_commits": len(ahead),
        "base_commit": shapes.commits(asked.base, repo, "-1", base)[0],
        "commits": ahead,
        "files": [],
    }


def _ref(asked: Asked) -> Found:
    name = f"refs/{asked.part('name')}"
    id = asked.repo.refs().get(name)
    if id is None:
        raise Wrong(404, "Not Found")
    return 200, shapes.ref(asked.base, asked.repo, name, id)


def _refs(asked: Asked) -> Found:
    start = f"refs/{asked.request.path_params.get('name', '')}"
    found = {name: id for name, id in asked.repo.refs().items() if name.startswith(start)}
    return 200, [shapes.ref(asked.base, asked.repo, name, id) for name, id in found.items()]


def _add_ref(asked: Asked) -> Found:
    name, sha = asked.field("ref"), asked.field("sha")
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Wrong(422, "Reference name must start with 'refs/' and contain at least two slashes.")
    if name in asked.repo.refs():
        raise Wrong(422, "Reference already exists")
    _update(asked, name, sha, NOTHING)
    return 201, shapes.ref(asked.base, asked.repo, name, asked.repo.refs()[name])


def _move_ref(asked: Asked) -> Found:
    name, sha = f"refs/{asked.part('name')}", asked.field("sha")
    old = asked.repo.refs().get(name)
    if old is None:
        raise Wrong(422, "Reference does not exist")
    if not asked.content.get("force") and asked.repo.git("rev-list", "--max-count=1", old, f"^{sha}"):
        raise Wrong(422, "Update is not a fast forward")
    _update(asked, name, sha, old)
    return 200, shapes.ref(asked.base, asked.repo, name, sha)


def _remove_ref(asked: Asked) -> Found:
    name = f"refs/{asked.part('name')}"
    old = asked.repo.refs().get(name)
    if old is None:
        raise Wrong(422, "Reference does not exist")
    _update(asked, name, "", old)
    return 204, None


def _update(asked: Asked, name: str, sha: str, old: str) -> None:
    command = ["update-ref", name, sha, old] if sha else ["update-ref", "-d", name, old]
    before = asked.repo.refs()
    try:
        asked.repo.git(*command)
    except subprocess.CalledProcessError:
        raise Wrong(422, "Object does not exist") from None
    asked.host.moved(asked.base, asked.repo, before)
