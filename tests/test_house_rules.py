"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["dr_console", "incidents", "backups", "drills"]
PRODUCT = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
MODULES = [*PRODUCT, *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
# allauth names its own partials, and gives them what it gives.
TEMPLATES = [path for path in (ROOT / "templates").rglob("*.html") if "allauth" not in path.parts]
PARTIALS = [path for path in TEMPLATES if path.name.startswith("_")]
MOST_LINES_A_MODULE = 400
MOST_LINES_A_FUNCTION = 40


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_modules_are_short():
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {module: length for module, length in lengths.items() if length > MOST_LINES_A_MODULE} == {}


def test_functions_are_short():
    assert {
        f"{name(path)}:{function.lineno} {function.name}": length
        for path in PRODUCT
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (function.end_lineno or function.lineno) - function.lineno + 1) > MOST_LINES_A_FUNCTION
    } == {}


def test_modules_say_what_they_are_for():
    trees = {name(path): ast.parse(path.read_text(encoding="utf-8")) for path in PRODUCT}
    assert [module for module, tree in trees.items() if tree.body and ast.get_docstring(tree) is None] == []


def test_nobody_catches_everything():
    wide = re.compile(r"except( Base)? ?Exception\b|except:", re.MULTILINE)
    # The sandbox's AWS runs moto, which is other people's: whatever it raises is answered as AWS would.
    assert [name(path) for path in PRODUCT if wide.search(path.read_text(encoding="utf-8"))] == [
        "dr_console/sandbox/aws/cloud.py"
    ]


def test_there_are_partials():
    assert PARTIALS


@pytest.mark.parametrize("path", PARTIALS, ids=name)
def test_a_partial_says_what_it_needs(path):
    assert path.read_text(encoding="utf-8").startswith("{# Needs: ")


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_address_is_written_out(path):
    assert not re.search(r'\b(?:href|src|action|hx-(?:get|post|put|patch|delete))="/', path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_nothing_is_inline_that_the_content_security_policy_forbids(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\bstyle=|\bon[a-z]+=\"|<style|<script(?![^>]*\bsrc=)|hx-on|javascript:", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_nothing_comes_from_another_host(path):
    assert not re.search(r'<(?:script|link|img|source|iframe)\b[^>]*(?:src|href)="(?:https?:)?//', path.read_text())


def test_the_repository_names_no_machine():
    places = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/")
    sources = [*MODULES, *TEMPLATES, *(ROOT / "docs").rglob("*.md"), ROOT / "Makefile", ROOT / "README.md"]
    assert [
        name(path) for path in sources if path != Path(__file__) and places.search(path.read_text(encoding="utf-8"))
    ] == []
