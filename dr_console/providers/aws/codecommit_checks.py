"""Read-only checks of CodeCommit: the repository, and that git may read it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_noop as _

from dr_console.providers.aws import codecommit
from dr_console.providers.checking import Finding, State, about
from dr_console.providers.deadlines import Deadline

REPOSITORY = _("The repository exists")


@about(REPOSITORY)
def repository(deadline: Deadline) -> Iterable[Finding]:
    yield Finding("codecommit", REPOSITORY, State.OK, codecommit.default_branch(deadline=deadline))


CHECKS = (repository,)
