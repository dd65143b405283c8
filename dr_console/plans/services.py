"""Change the plan. Every change, of a file or of one field, makes a numbered version of the whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import override

from dr_console.audit.services import record
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.plans import difference, reader, registry, rows
from dr_console.plans.accepting import Asked
from dr_console.plans.models import PlanVersion
from dr_console.plans.problems import PlanError, Problem, shown
from dr_console.plans.registry import PlanDocument, Section

BROWSER = "browser"
MOST_CHANGES_AUDITED = 50
TRIES = 50

Content = dict[str, Any]


def current_version() -> PlanVersion | None:
    return PlanVersion.objects.order_by("-number").first()


def export() -> Content:
    """The current plan in plain values, read from the rows: what `reader.validate` takes and the plan file holds."""
    return rows.content()


def load(document: PlanDocument, *, by: User | None, source: str, note: str = "") -> PlanVersion:
    """Make this the current plan: all of it or, when anything goes wrong, nothing.

    A document comes from `reader.read` or `reader.validate`. An equal plan makes a version too.
    """
    return _make_version(lambda: document, by=by, source=source, note=note)


def edit_entry(
    section: str, key: str, entry: Content | None, *, base_version: int, by: User, accepted_as: str = ""
) -> PlanVersion:
    """Replace one entry, or remove it where `entry` is None.

    Refused when it has been changed since `base_version`, the version that the person was looking at; Unaccepted when
    it makes the plan doubtful, unless `accepted_as` is the person's name.
    Raises PlanError with the problems; those of this entry lie within (section, key).
    """
    kind = registry.section(section)

    def changed() -> PlanDocument:
        content = export()
        index = _index(content, kind, key)
        _refuse_when_changed(kind, key, base_version, content[section][index])
        if entry is None:
            del content[section][index]
        else:
            content[section][index] = _same_key(kind, key, entry)
        return reader.validate(content)

    return _edit(changed, "Removed" if entry is None else "Changed", kind, key, by=by, accepted_as=accepted_as)


def add_entry(section: str, entry: Content, *, by: User, accepted_as: str = "") -> PlanVersion:
    """Add an entry at the end of its section. Problems of it lie within (section, key)."""
    kind = registry.section(section)

    def changed() -> PlanDocument:
        content = export()
        content[section].append(entry)
        return reader.validate(content)

    return _edit(changed, "Added", kind, str(entry.get("key", "")), by=by, accepted_as=accepted_as)


def remove_entry(section: str, key: str, *, base_version: int, by: User) -> PlanVersion:
    """PlanError when another entry still refers to it: its problems say which."""
    return edit_entry(section, key, None, base_version=base_version, by=by)


def move_entry(section: str, key: str, *, up: bool, by: User) -> PlanVersion:
    """Let an entry change places with the one before it, or after it."""
    kind = registry.section(section)

    def changed() -> PlanDocument:
        content = export()
        index = _index(content, kind, key)
        entries = content[section]
        other = index - 1 if up else index + 1
        if not 0 <= other < len(entries):
            raise Refused((_("“%s” is already the first.") if up else _("“%s” is already the last.")) % key)
        entries[index], entries[other] = entries[other], entries[index]
        return reader.validate(content)

    return _edit(changed, "Moved", kind, key, by=by)


def edit_entries(section: str, entries: list[Content], *, base_version: int, by: User, source: str) -> PlanVersion:
    """Replace all entries of a section by these. Refused when one of them has been changed since `base_version`.

    Raises PlanError with the problems; those of an entry lie within (section, its key).
    """

    def changed() -> PlanDocument:
        content = export()
        base = PlanVersion.objects.filter(number=base_version).first()
        if base is None or (base != current_version() and base.content.get(section) != content[section]):
            raise Refused(_("Somebody has changed the plan since you looked at it. Look at it again."))
        content[section] = entries
        return reader.validate(content)

    return _make_version(changed, by=by, source=source, note=f"Imported {section}", target=section)


def edit_single(section: str, values: Content, *, base_version: int, by: User, accepted_as: str = "") -> PlanVersion:
    """Replace a section that is one entry, such as `about`. Problems of it lie within (section,)."""
    kind = registry.section(section)

    def changed() -> PlanDocument:
        content = export()
        _refuse_when_changed(kind, "", base_version, content.get(section))
        content[section] = values
        return reader.validate(content)

    return _edit(changed, "Changed", kind, "", by=by, accepted_as=accepted_as)


def changes_of(version: PlanVersion) -> list[difference.Change]:
    """What a version changed, against the one before it."""
    before = PlanVersion.objects.filter(number=version.number - 1).first()
    return difference.compare(before.content if before else {}, version.content)


def _edit(
    change: Callable[[], PlanDocument], verb: str, section: Section, key: str, *, by: User, accepted_as: str = ""
) -> PlanVersion:
    target, asked = _named(section, key), Asked(section.name, key, by, accepted_as)
    return _make_version(change, by=by, source=BROWSER, note=f"{verb} {target}", target=target, asked=asked)


class _NumberTaken(Exception):
    """Two made a version at once, and this one came second."""


def _make_version(
    change: Callable[[], PlanDocument],
    *,
    by: User | None,
    source: str,
    note: str,
    target: str = "",
    asked: Asked | None = None,
) -> PlanVersion:
    """`target` names what was changed; without it, a whole plan was loaded. An edit that changes nothing makes none.

    Nobody is asked about a plan that is loaded: what is doubtful of it shows as not ready until it is accepted.
    """
    for _try in range(TRIES):
        try:
            with transaction.atomic():
                last = current_version()
                document = change()
                if target and last and document.content() == last.content:
                    return last  # somebody pressed Save and had changed nothing
                doubts = asked.doubts(last.content if last else {}, document.content()) if asked else []
                version = _next_version(last, document, by=by, source=source, note=note)
                _tell(version, last, by=by, target=target)
                if asked:
                    asked.accept(doubts, version)
                return version
        except _NumberTaken:
            continue  # somebody else made this version meanwhile: look again at what is current now
    raise Refused(_("Others are changing the plan at this moment. Try again."))


def _next_version(
    last: PlanVersion | None, document: PlanDocument, *, by: User | None, source: str, note: str
) -> PlanVersion:
    content = document.content()
    version = PlanVersion(
        number=last.number + 1 if last else 1,
        at=now(),
        by=by,
        source=source[:200],
        note=note[:500],
        content=content,
        sha256=checksum(content),
    )
    try:
        # The unique number is the lock: whoever comes second waits here until the first has committed.
        with transaction.atomic():
            version.save()
    except IntegrityError as error:
        raise _NumberTaken from error
    rows.apply(document, at=version.at)
    return version


def _tell(version: PlanVersion, last: PlanVersion | None, *, by: User | None, target: str) -> None:
    changes = difference.compare(last.content, version.content) if last else []
    told = {one.where: one for one in changes[:MOST_CHANGES_AUDITED]}
    record(
        "plan.changed" if target else "plan.loaded",
        by=by,
        target=target or f"plan {version}",
        before={"version": last.number} | {place: one.before for place, one in told.items()} if last else None,
        after={"version": version.number, "source": version.source, "note": version.note, "changes": len(changes)}
        | {place: one.after for place, one in told.items()},
    )
    nudge("console", "plan")


def checksum(content: Content) -> str:
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _named(section: Section, key: str) -> str:
    """What the audit log and notes call an entry: stored texts, in one language whoever wrote them."""
    with override("en"):
        return f"{section.singular} {key}".strip()


def _index(content: Content, section: Section, key: str) -> int:
    for index, entry in enumerate(content[section.name]):
        if entry["key"] == key:
            return index
    raise Refused(_("The plan has no %(kind)s “%(key)s” any more.") % {"kind": section.singular, "key": key})


def _refuse_when_changed(section: Section, key: str, base_version: int, current: Any) -> None:
    base = PlanVersion.objects.filter(number=base_version).first()
    if base is not None and base == current_version():
        return
    then = base.content.get(section.name) if base else None
    if section.many:
        then = next((entry for entry in then or [] if entry["key"] == key), None)
    if then != current:
        raise Refused(
            _("Somebody has changed %(kind)s “%(key)s” since you opened it. Look at it again, then make your change.")
            % {"kind": section.singular, "key": key}
        )


def _same_key(section: Section, key: str, entry: Content) -> Content:
    """Other rows and other entries know it by its key, so that stays."""
    if entry.get("key") != key:
        raise PlanError(
            [Problem((section.name, key, "key"), _("the key that it has, “%s”") % key, shown(entry.get("key")))]
        )
    return entry
