"""GitHub: what the API tells of the repository, and the way to it for git (docs.github.com/rest)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.code import Login, Remote
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire, Words

VENDOR = "GitHub"
API_VERSION = "2022-11-28"
REPOSITORY = _("read the repository")
BRANCH = _("read the branch")
WEBHOOKS = _("read the webhooks")
USER = _("check the token")


@dataclass(frozen=True)
class Repository:
    """`permissions`: what the token may: pull, push, admin, …; empty where GitHub does not say."""

    full_name: str
    default_branch: str
    clone_url: str
    private: bool = False
    archived: bool = False
    permissions: dict[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Webhook:
    id: int
    active: bool
    events: list[str]
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Commit:
    sha: str


class GitHub:
    """Reads only. A classic token or a fine-grained one."""

    def user(self, *, deadline: Deadline) -> str:
        """Login of whom the token belongs to."""
        return self._wire(USER).call("GET", "/user", operation=USER, deadline=deadline).read_as(str, at="login")

    def repository(self, *, deadline: Deadline) -> Repository:
        path = f"/repos/{_name(REPOSITORY)}"
        return self._wire(REPOSITORY).call("GET", path, operation=REPOSITORY, deadline=deadline).read_as(Repository)

    def branch_tip(self, branch: str, *, deadline: Deadline) -> str:
        """Id of the newest commit of the branch. Raises NOT_FOUND if there is no such branch."""
        path = f"/repos/{_name(BRANCH)}/branches/{branch}"
        answer = self._wire(BRANCH).call("GET", path, operation=BRANCH, deadline=deadline)
        return answer.read_as(_Commit, at="commit").sha

    def webhooks(self, *, deadline: Deadline) -> list[Webhook]:
        """The first hundred. Needs a token that may read the repository's webhooks."""
        path = f"/repos/{_name(WEBHOOKS)}/hooks"
        answer = self._wire(WEBHOOKS).call(
            "GET", path, operation=WEBHOOKS, deadline=deadline, params={"per_page": "100"}
        )
        return answer.read_as(list[Webhook])

    def _wire(self, operation: str) -> Wire:
        token = credential("github", "token", operation=operation)
        return Wire(
            VENDOR,
            settings.DR_VENDOR_URLS["github"],
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": API_VERSION,
            },
            secrets=[token],
            refusal=_words,
        )


def remote(operation: str) -> Remote:
    """The repository of the settings, for git. Raises ProviderError (SETTINGS) where token or name is not set."""
    token = credential("github", "token", operation=operation)
    url = f"{_git_host(settings.DR_VENDOR_URLS['github'])}/{_name(operation)}.git"
    return Remote(VENDOR, url, lambda: Login("x-access-token", token))


def _git_host(api: str) -> str:
    """https://api.github.com is for https://github.com, an Enterprise Server's https://host/api/v3 for https://host."""
    parts = urlsplit(api)
    if parts.netloc == "api.github.com":
        return "https://github.com"
    return api.rstrip("/").removesuffix("/api/v3")


def _name(operation: str) -> str:
    name = credential("github", "repository", operation=operation)
    if name.count("/") != 1 or not all(name.split("/")):
        said = f"DR_GITHUB_REPOSITORY is “{name}”, not owner/name."
        raise ProviderError(VENDOR, operation, Problem.SETTINGS, said=said, permanent=True)
    return name


def _words(status: int, body: Any) -> Words | None:
    if status < 400:
        return None
    if not isinstance(body, dict):
        return Words()
    details = [str(error.get("message") or error.get("code", "")) for error in body.get("errors", []) if
               isinstance(error, dict)]  # fmt: skip
    return Words(said=" ".join([str(body.get("message", "")), *details]).strip())
