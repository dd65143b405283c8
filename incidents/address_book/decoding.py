"""The text in a file that came from somewhere: UTF-8 or UTF-16 with their marks, UTF-8 without, else GB 18030."""

from __future__ import annotations

import codecs

LARGEST = 500_000
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# GB 18030 reads GBK and GB 2312 as well: what Excel saves as CSV on a Chinese Windows.
TRIED = ("utf-8", "gb18030")


class Unreadable(ValueError):
    """The file is no text in any of these."""


def text_of(data: bytes) -> str:
    """The text, with line feeds at the ends of lines alone. Raises Unreadable."""
    marked = [encoding for mark, encoding in MARKS if data.startswith(mark)]
    for encoding in marked or TRIED:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise Unreadable
