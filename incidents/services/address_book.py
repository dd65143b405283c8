"""Contacts and vendors from a file and into one. What a file would change is shown first, and taken as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from dr_console.errors import Refused
from dr_console.plans import difference, reader, registry
from dr_console.plans import services as plans
from dr_console.plans.difference import Change
from dr_console.plans.models import PlanVersion
from dr_console.plans.problems import PlanError, Problem
from dr_console.plans.shapes import shapes
from incidents.address_book import sheet, vcards
from incidents.address_book.cards import Fields, Reading, Wrong
from incidents.address_book.merging import Entry, Merged, merge

SECTIONS = ("contacts", "vendors")
DEFAULTS: dict[str, dict[str, Any]] = {"contacts": {"kind": "person"}, "vendors": {}}
CSV, VCARD = "csv", "vcf"
FILE_NAME_MOST = 100


@dataclass(frozen=True)
class Proposal:
    """What a file would change. Nothing of it can be taken while something is `wrong`.

    `known` and `entries`: the section before and after. `base`: the version of the plan that it was compared with.
    `ignored`: columns that say nothing here. `added`: how many are new.
    """

    section: str
    known: list[Entry]
    entries: list[Entry]
    base: int
    changes: list[Change] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    added: int = 0


def written(section: str, suffix: str) -> str:
    """All current entries of a section as a file: CSV, or vCard 4.0."""
    entries = plans.export()[section]
    if suffix == CSV:
        return sheet.written(entries, fields_of(section))
    return vcards.written(entries, fields_of(section), kind="org" if section == "vendors" else "")


def propose(section: str, text: str) -> Proposal:
    """What a file, of whichever of both kinds, would change in this section."""
    content, version = plans.export(), plans.current_version()
    base = version.number if version else 0
    known: list[Entry] = content.get(section, [])
    reading = _read(section, text)
    merged = merge(known, reading.cards, fields_of(section), defaults=DEFAULTS[section])
    wrong = [*reading.wrong, *merged.wrong] or _problems(section, content, merged)
    changes = difference.compare({section: known}, {section: merged.entries})
    return Proposal(
        section,
        known,
        merged.entries,
        base,
        changes,
        sorted(wrong, key=lambda one: one.line),
        reading.ignored,
        len(merged.added),
    )


def bring_in(section: str, text: str, *, base_version: int, by: User, name: str) -> PlanVersion:
    """Make the plan say what the file says, in one version.

    Refused where something is wrong with the file, or the plan is another one than the person was shown. `name`: of the
    file.
    """
    proposal = propose(section, text)
    if proposal.wrong:
        raise Refused(_("Something is wrong with the file: nothing was changed."))
    return plans.edit_entries(
        section, proposal.entries, base_version=base_version, by=by, source=name[:FILE_NAME_MOST] or "import"
    )


def fields_of(section: str) -> Fields:
    """Which fields the plan has for it."""
    known = [shape for shape in shapes(registry.section(section).entry) if shape.kind != "parts"]
    return Fields(
        names=tuple(shape.name for shape in known),
        texts=frozenset(shape.name for shape in known if shape.kind == "text"),
        numbers=frozenset(shape.name for shape in known if shape.type is int),
        optional=frozenset(shape.name for shape in known if shape.optional),
    )


def _read(section: str, text: str) -> Reading:
    is_card = text.lstrip("\ufeff \n\t")[:11].upper() == "BEGIN:VCARD"
    read = vcards.read if is_card else sheet.read
    return read(text, fields_of(section))


def _problems(section: str, content: dict[str, Any], merged: Merged) -> list[Wrong]:
    """What the plan's own rules say of it, with the lines of the file."""
    try:
        reader.validate({**content, section: merged.entries})
    except PlanError as error:
        return [_located(section, problem, merged) for problem in error.problems]
    return []


def _located(section: str, problem: Problem, merged: Merged) -> Wrong:
    place, key = [*problem.path, "", ""][:2]
    if isinstance(key, int) and key < len(merged.entries):  # an entry without a usable key is named by its place
        key = str(merged.entries[key].get("key", ""))
    line = merged.lines.get(str(key), 0) if place == section else 0
    return Wrong(line, str(problem))
