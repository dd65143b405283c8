"""CodeCommit: the way to a repository for git, signed as git-remote-codecommit signs it.

https://docs.aws.amazon.com/codecommit/latest/userguide/how-to-connect.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws import session
from dr_console.providers.capabilities.code import Login, Remote
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline

VENDOR = "AWS"
READ = _("read the CodeCommit repository")
# Where AWS's names do not end in amazonaws.com.
SUFFIXES = {"cn-": "amazonaws.com.cn"}


def remote(operation: str) -> Remote:
    """The repository of the settings, for git. Raises ProviderError (SETTINGS) where a setting is missing."""
    region = credential("aws", "region", operation=operation)
    name = credential("codecommit", "repository", operation=operation)
    path = f"/v1/repos/{name}"
    base = settings.DR_VENDOR_URLS["aws"] or f"https://git-codecommit.{region}.{_suffix(region)}"
    return Remote(VENDOR, f"{base}{path}", lambda: _login(base, path, region, operation))


def default_branch(*, deadline: Deadline) -> str:
    """Name of the repository's default branch, empty while nothing was pushed. Raises NOT_FOUND without repository."""
    name = credential("codecommit", "repository", operation=READ)
    client = session.client("codecommit", operation=READ)
    answer = session.call(
        client, "get_repository", operation=READ, deadline=deadline, harmless=True, repositoryName=name
    )
    about: dict[str, Any] = answer.read_as(dict[str, Any], at="repositoryMetadata")
    return str(about.get("defaultBranch") or "")


def _suffix(region: str) -> str:
    return next((suffix for start, suffix in SUFFIXES.items() if region.startswith(start)), "amazonaws.com")


def _login(base: str, path: str, region: str, operation: str) -> Login:
    """A signature instead of a password: good for a quarter of an hour, and for this repository alone."""
    from git_remote_codecommit import sign  # noqa: PLC0415 (it brings botocore)

    # boto3's own ways are tried where no key is set: an instance's role, ~/.aws.
    known = session.client("codecommit", operation=operation, region=region)._request_signer._credentials
    if known is None:
        raise ProviderError(VENDOR, operation, Problem.SETTINGS, said="DR_AWS_ACCESS_KEY_ID", permanent=True)
    keys = known.get_frozen_credentials()
    username = keys.access_key + (f"%{keys.token}" if keys.token else "")
    return Login(username, sign(urlsplit(base).netloc, path, region, keys))
