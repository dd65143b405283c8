"""How lists of channels, words and choices look in a table's cell."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from django.db.models import TextChoices
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dr_console.web.badges import state
from dr_console.web.words import listed
from incidents.models import ContactChannel, VendorChannel

LINKS = {"phone": "tel:", "email": "mailto:"}


def channel_list(channels: Iterable[ContactChannel | VendorChannel]) -> SafeString:
    """Each channel with a link that calls or writes, and a mark where the address is still a placeholder."""
    lines = [(channel.get_kind_display(), channel_address(channel), _mark(channel)) for channel in channels]
    if not lines:
        return state("failed", _("no channel"))
    return format_html(
        '<ul class="plain">{}</ul>',
        format_html_join("", '<li><small class="muted">{}</small> {} {}</li>', lines),
    )


def channel_address(channel: ContactChannel | VendorChannel) -> SafeString:
    scheme = LINKS.get(channel.kind)
    if not scheme:
        return format_html("<code>{}</code>", channel.address)
    target = channel.address.replace(" ", "") if channel.kind == "phone" else channel.address
    return format_html('<a href="{}{}">{}</a>', scheme, quote(target, safe="+@"), channel.address)


def _mark(channel: ContactChannel | VendorChannel) -> SafeString | str:
    return state("waiting", _("placeholder")) if channel.is_placeholder else ""


def choice_words(choices: type[TextChoices], values: Iterable[str]) -> str:
    return listed(choices(value).label for value in values if value in choices.values)
