"""Read-only checks of GitHub: the token, the repository, its webhook, and that git itself may read it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_noop as _

from dr_console.providers.checking import Finding, State, about
from dr_console.providers.deadlines import Deadline
from dr_console.providers.git_mirror import GitMirror
from dr_console.providers.github import GitHub

TOKEN = _("The token works")
REPOSITORY = _("The repository exists, and the token may read it")
WEBHOOK = _("A webhook tells the console of every push")
MIRROR = _("The mirror has every branch and tag")


@about(TOKEN)
def token(deadline: Deadline) -> Iterable[Finding]:
    login = GitHub().user(deadline=deadline)
    yield Finding("github", TOKEN, State.OK, login)


@about(REPOSITORY)
def repository(deadline: Deadline) -> Iterable[Finding]:
    found = GitHub().repository(deadline=deadline)
    tip = GitHub().branch_tip(found.default_branch, deadline=deadline)
    may_read = found.permissions.get("pull", True)
    said = f"{found.full_name}, {found.default_branch} {tip[:12]}"
    yield Finding("github", REPOSITORY, State.OK if may_read else State.FAILED, said)


@about(WEBHOOK)
def webhook(deadline: Deadline) -> Iterable[Finding]:
    hooks = [hook for hook in GitHub().webhooks(deadline=deadline) if hook.active and {"push", "*"} & set(hook.events)]
    if not hooks:
        said = _("GitHub has no active webhook for pushes; the console then only notices them when it looks by itself.")
        yield Finding("github", WEBHOOK, State.NOT_SET, said)
    for hook in hooks:
        yield Finding("github", WEBHOOK, State.OK, str(hook.config.get("url", "")))


@about(MIRROR)
def mirror(deadline: Deadline) -> Iterable[Finding]:
    compared = GitMirror().compare(deadline=deadline)
    names = {"number": str(sum(1 for ref in compared.differences if ref.source)), "of": str(len(compared.refs))}
    said = _("The same on both sides: %(of)s") if compared.is_complete else _("Not the same: %(number)s of %(of)s")
    yield Finding("github", MIRROR, State.OK if compared.is_complete else State.FAILED, said, names)


CHECKS = (token, repository, webhook, mirror)
