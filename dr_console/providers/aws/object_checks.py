"""Read-only checks of the object stores: R2's bucket, S3's, and what protects the copy."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.aws.objects import R2Objects, S3Objects
from dr_console.providers.capabilities.objects import Replication
from dr_console.providers.checking import Finding, State, about
from dr_console.providers.deadlines import Deadline

R2_BUCKET = _("The R2 bucket can be listed and read")
R2_LIFECYCLE = _("The R2 bucket’s lifecycle can be read")
S3_BUCKET = _("The S3 bucket can be listed and read")
VERSIONS = _("The S3 bucket keeps versions, so that a deletion can be undone")
LIFECYCLE = _("Old versions in the S3 bucket are removed after a time")
REPLICATION = _("The S3 bucket is replicated")
LOCK = _("The S3 bucket locks what is written to it")
EMPTY = _("It is empty.")


@about(R2_BUCKET)
def r2_bucket(deadline: Deadline) -> Iterable[Finding]:
    yield _readable("r2", R2_BUCKET, R2Objects(), deadline)


@about(R2_LIFECYCLE)
def r2_lifecycle(deadline: Deadline) -> Iterable[Finding]:
    rules = R2Objects().protection(deadline=deadline).lifecycle
    yield Finding("r2", R2_LIFECYCLE, State.OK, ", ".join(str(rule.get("ID", "")) for rule in rules))


@about(S3_BUCKET)
def s3_bucket(deadline: Deadline) -> Iterable[Finding]:
    yield _readable("s3", S3_BUCKET, S3Objects(), deadline)


@about(VERSIONS)
def s3_protection(deadline: Deadline) -> Iterable[Finding]:
    found = S3Objects().protection(deadline=deadline)
    state = State.OK if found.versioning == "Enabled" else State.FAILED
    yield Finding("s3", VERSIONS, state, found.versioning or _("Versioning was never turned on."))
    expiring = [
        rule for rule in found.lifecycle if rule.get("Status") == "Enabled" and "NoncurrentVersionExpiration" in rule
    ]
    said = ", ".join(str(rule.get("ID", "")) for rule in expiring)
    yield Finding("s3", LIFECYCLE, State.OK if expiring else State.NOT_SET, said)
    yield Finding("s3", REPLICATION, State.OK if found.replication else State.NOT_SET)
    yield Finding("s3", LOCK, State.OK if found.lock_enabled else State.NOT_SET, found.lock_mode)


def _readable(vendor: str, subject: str, store: S3Objects, deadline: Deadline) -> Finding:
    """List one object and look at it: two rights that a token can lack separately."""
    first = next(iter(store.objects(deadline=deadline)), None)
    if first is None:
        return Finding(vendor, subject, State.OK, EMPTY)
    try:
        found = store.head(first.key, deadline=deadline)
    except ProviderError as error:
        if error.problem is not Problem.NOT_FOUND:  # it may have gone since it was listed
            raise
        return Finding(vendor, subject, State.OK, store.bucket)
    failed = found.replication is Replication.FAILED
    return Finding(vendor, subject, State.FAILED if failed else State.OK, f"{store.bucket}: {found.key}")


R2_CHECKS = (r2_bucket, r2_lifecycle)
S3_CHECKS = (s3_bucket, s3_protection)
