from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from dr_console.env import WrongSetting
from dr_console.operations import signing


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DR_DATA_DIR, settings.DR_SIGNING_KEY = tmp_path, ""
    signing._read.cache_clear()
    return tmp_path


def test_a_key_is_made_once_and_kept_for_nobody_else_to_read(folder):
    first = signing.key_id()
    signing._read.cache_clear()
    assert signing.key_id() == first
    assert stat.S_IMODE((folder / signing.FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [signing.FILE]


def test_of_several_that_make_one_at_once_all_have_the_same(folder):
    with ThreadPoolExecutor(16) as threads:
        keys = {future.result() for future in [threads.submit(signing._kept, folder / signing.FILE) for _ in range(64)]}
    assert len(keys) == 1


def test_the_settings_key_goes_before(settings, folder):
    settings.DR_SIGNING_KEY = base64.b64encode(b"k" * 32).decode()
    assert signing.sign(b"x") == signing.sign(b"x")
    assert not (folder / signing.FILE).exists()


@pytest.mark.parametrize("key", ["short", "!!!", base64.b64encode(b"k" * 31).decode()])
def test_a_key_that_is_none_is_named(settings, key):
    settings.DR_SIGNING_KEY = key
    with pytest.raises(WrongSetting, match="DR_SIGNING_KEY"):
        signing.sign(b"x")
