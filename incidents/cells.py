"""How lists of channels, words and choices look in a table's cell."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.web.badges import state
from dr_console.web.words import listed
from incidents.models import ContactChannel, VendorChannel
from incidents.queries.channel_tests import Proof, Standing

LINKS = {"phone": "tel:", "email": "mailto:"}
# How far an address can be relied on. What was never tried is no trouble yet: calm.
STANDINGS: dict[Standing, tuple[str, str | Promise]] = {
    Standing.PLACEHOLDER: ("waiting", gettext_lazy("placeholder")),
    Standing.NEVER: ("todo", gettext_lazy("never tested")),
    Standing.FAILED: ("failed", gettext_lazy("the last test did not arrive")),
    Standing.OLD: ("unknown", gettext_lazy("tested long ago")),
    Standing.PROVEN: ("ok", gettext_lazy("tested")),
}


def channel_list(proofs: Iterable[Proof]) -> SafeString:
    """Each channel with a link that calls or writes, and whether anybody was ever reached there."""
    lines = [(one.channel.get_kind_display(), channel_address(one.channel), standing(one)) for one in proofs]
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


def standing(proof: Proof) -> SafeString:
    name, word = STANDINGS[proof.standing]
    return state(name, word)


def choice_words(choices: type[TextChoices], values: Iterable[str]) -> str:
    return listed(choices(value).label for value in values if value in choices.values)
