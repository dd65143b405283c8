"""Is every text translated? `python -m tests.translations` says so; with `--update` it renews the catalogue first."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = Path("locale/zh_Hans/LC_MESSAGES/django.po")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}")


def main(arguments: list[str]) -> int:
    ensure_gettext()
    fresh = extract()
    if "--update" in arguments:
        fresh.save(str(ROOT / CATALOGUE))
        fresh.save_as_mofile(str((ROOT / CATALOGUE).with_suffix(".mo")))
    problems = [*compare(fresh), *incomplete(polib.pofile(str(ROOT / CATALOGUE))), *stale_binary()]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(fresh)} texts, {len(problems)} problems with their translation")
    return 1 if problems else 0


def ensure_gettext() -> None:
    """Django extracts texts by xgettext, which Debian has in a package of its own."""
    if shutil.which("xgettext"):
        return
    if os.getuid() != 0:
        raise SystemExit("xgettext is missing: install the package gettext.")
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "gettext"], check=True)


def extract() -> polib.POFile:
    """The catalogue as it would be, were it made from the sources now; made in a copy of the tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py", "*.html", "*.txt", "locale"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for name in listed.stdout.splitlines():
            if name.startswith(("tests/", "benchmarks/", "requirements")) or not (ROOT / name).is_file():
                continue
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, Path(folder) / name)
        (Path(folder) / CATALOGUE).parent.mkdir(parents=True, exist_ok=True)
        command = ["makemessages", "-l", "zh_Hans", "--no-location", "--no-wrap", "--no-obsolete", "-v", "0"]
        environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
        subprocess.run([sys.executable, "-m", "django", *command], cwd=folder, check=True, env=environment)
        catalogue = polib.pofile(str(Path(folder) / CATALOGUE), wrapwidth=0)
    catalogue.metadata.pop("POT-Creation-Date", None)
    return catalogue


def keys(catalogue: polib.POFile) -> set[tuple[str, str]]:
    return {(entry.msgctxt or "", entry.msgid) for entry in catalogue if not entry.obsolete}


def compare(fresh: polib.POFile) -> list[str]:
    committed = keys(polib.pofile(str(ROOT / CATALOGUE)))
    missing = [f"not in the catalogue: {text!r}" for _, text in sorted(keys(fresh) - committed)]
    unused = [f"no longer in the sources: {text!r}" for _, text in sorted(committed - keys(fresh))]
    return missing + unused


def incomplete(catalogue: polib.POFile) -> list[str]:
    problems = []
    for entry in catalogue:
        translations = [entry.msgstr] if not entry.msgid_plural else list(entry.msgstr_plural.values())
        if entry.obsolete:
            continue
        if entry.fuzzy:
            problems.append(f"a guess, not a translation: {entry.msgid!r}")
        elif not all(translations):
            problems.append(f"not translated: {entry.msgid!r}")
        elif any(not same_placeholders(entry, translation) for translation in translations):
            problems.append(f"other placeholders in the translation: {entry.msgid!r}")
    return problems


def same_placeholders(entry: polib.POEntry, translation: str) -> bool:
    wanted = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
    return set(PLACEHOLDER.findall(translation)) == wanted or set(PLACEHOLDER.findall(entry.msgid)) == wanted - {"%%"}


def stale_binary() -> list[str]:
    text, binary = ROOT / CATALOGUE, (ROOT / CATALOGUE).with_suffix(".mo")
    if not binary.exists():
        return [f"{binary.name} is missing: run python -m tests.translations --update"]
    wanted = {(e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in polib.pofile(str(text)).translated_entries()}
    compiled = {(e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in polib.mofile(str(binary))}
    return [] if wanted == compiled else [f"{binary.name} is older than {text.name}: run with --update"]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
