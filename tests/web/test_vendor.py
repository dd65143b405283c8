"""What is not ours lies in static/vendor as it came from its registry."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

import dr_console
from dr_console.web import icons

ROOT = Path(__file__).resolve().parent.parent.parent
VENDOR = ROOT / "static" / "vendor"
PACKAGES = tomllib.loads((VENDOR / "vendor.toml").read_text())


def test_every_file_is_listed():
    listed = {VENDOR / package["folder"] / name for package in PACKAGES.values() for name in package["sha256"]}
    assert {path for path in VENDOR.rglob("*") if path.is_file()} == listed | {VENDOR / "vendor.toml"}


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES)
def test_every_file_is_unchanged_and_comes_with_its_licence(package):
    for name, wanted in package["sha256"].items():
        assert hashlib.sha256((VENDOR / package["folder"] / name).read_bytes()).hexdigest() == wanted, name
    assert package["integrity"].startswith("sha512-")
    assert (VENDOR / package["folder"] / "LICENSE").is_file()


def test_every_icon_can_be_drawn():
    for path in icons.FOLDER.glob("*.svg"):
        assert "<" in icons.icon(path.stem)


def test_the_version_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert dr_console.__version__ == project["version"]
