"""Icons: the SVG files of lucide in static/vendor, and a few shapes of ours, read once."""

from __future__ import annotations

import re
from functools import lru_cache

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

FOLDER = settings.BASE_DIR / "static" / "vendor" / "lucide-1.62.0"
# Severities and "needs approval" have shapes of their own, which stay apart without their colour.
OURS = {
    "severity-p0": '<path fill="currentColor" stroke="none" d="M8 2h8l6 6v8l-6 6H8l-6-6V8z"/>',
    "severity-p1": '<path fill="currentColor" stroke="none" d="M12 2.5 23 21.5H1z"/>',
    "severity-p2": '<path fill="currentColor" stroke="none" d="M12 1.5 22.5 12 12 22.5 1.5 12z"/>',
    "severity-p3": '<circle fill="currentColor" stroke="none" cx="12" cy="12" r="9.5"/>',
    "diamond-alert": '<path d="M12 2 22 12 12 22 2 12zM12 7.5v5.5M12 16.4v.2"/>',
    "pin": '<path d="M12 15v7M8 2.5h8M9 2.5v6.5l-3 6h12l-3-6V2.5"/>',
}
BODY = re.compile(r"<svg\b[^>]*>(.*)</svg>", re.DOTALL)


@lru_cache(maxsize=256)
def icon(name: str, css: str = "") -> SafeString:
    """The icon as inline SVG, hidden from screen readers: the word beside it says the same."""
    body = OURS.get(name)
    if body is None:
        found = BODY.search((FOLDER / f"{name}.svg").read_text(encoding="utf-8"))
        assert found, f"{name}.svg is no icon"
        body = re.sub(r"\s*\n\s*", "", found.group(1))
    return mark_safe(
        f'<svg class="icon {css}" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f"{body}</svg>"
    )
