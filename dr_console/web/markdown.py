"""What people write, as HTML that can do no harm: emphasis, lists, code, quotations and links, and nothing else."""

from __future__ import annotations

from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "a", "blockquote"}
SCHEMES = {"http", "https", "mailto"}
# A heading would stand between those of the page, and an image would tell a stranger who reads along.
LEFT_AS_TYPED = ["heading", "lheading", "image", "html_block", "html_inline", "hr", "table"]

_parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(LEFT_AS_TYPED, ignoreInvalid=True)


@lru_cache(maxsize=2000)
def markdown(text: str) -> SafeString:
    """Rendered. HTML in it is shown as it was typed, never carried out."""
    html = nh3.clean(
        _parser.render(text),
        tags=TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(html)
