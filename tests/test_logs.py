"""What log lines show, and what they must never show."""

from __future__ import annotations

import io
import logging
import logging.config

import pytest

from dr_console.logs import logging_config


def logged(format: str) -> str:
    """The lines of an error that somebody's password was near."""
    config = logging_config(level="INFO", format=format)
    formatter = config["formatters"]["console"].copy()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter.pop("()")(**formatter))
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    try:
        password = "correct-horse-" + "battery"
        try:
            raise ValueError(f"{len(password)} characters are wrong")
        except ValueError:
            logger.exception("It went wrong")
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


@pytest.mark.parametrize("format", ["console", "json"])
def test_a_traceback_says_where_but_shows_no_values(format):
    text = logged(format)
    assert "characters are wrong" in text
    assert "test_logs.py" in text
    assert "correct-horse-battery" not in text


def test_json_is_one_line_an_event():
    assert logged("json").count("\n") == 1
