"""Words put together the way the language does it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _


def listed(words: Iterable[object]) -> str:
    """One, two, three."""
    return _(", ").join(str(word) for word in words)


def listed_code(words: Iterable[object]) -> SafeString:
    """The same with each word as an identifier."""
    return format_html_join(SafeString(_(", ")), "<code>{}</code>", ((word,) for word in words))
