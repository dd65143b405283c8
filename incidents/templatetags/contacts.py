"""How contacts, their addresses and the tests of them look."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dr_console.notifications.models import Channel
from dr_console.web import badges
from incidents import cells
from incidents.models import ChannelTest, ContactChannel, VendorChannel
from incidents.queries.channel_tests import PATIENCE, Proof

register = template.Library()

WAYS: dict[str, str | Promise] = {
    **dict(Channel.choices),
    "link": _("by the link in the message"),
    "page": _("on a page of the console"),
    "hand": _("by word of mouth"),
}
TESTS: dict[str, str] = {
    ChannelTest.State.WAITING: "running",
    ChannelTest.State.ANSWERED: "ok",
    ChannelTest.State.FAILED: "failed",
}


@register.simple_tag
def channel_address(channel: ContactChannel | VendorChannel) -> SafeString:
    """{% channel_address channel %}: with a link that calls or writes."""
    return cells.channel_address(channel)


@register.simple_tag
def standing(proof: Proof) -> SafeString:
    """{% standing proof %}: how far the address can be relied on."""
    return cells.standing(proof)


@register.simple_tag
def answered_via(test: ChannelTest) -> str:
    """{% answered_via test %}: by which way the answer came."""
    return str(WAYS.get(test.answered_via, test.answered_via))


@register.simple_tag
def test_state(test: ChannelTest) -> SafeString:
    """{% test_state test %}: what became of it. Nobody is waited for longer than a day."""
    if test.state == ChannelTest.State.WAITING and now() - test.sent_at >= PATIENCE:
        return badges.state("unknown", pgettext_lazy("test message", "no answer"))
    return badges.state(TESTS[test.state], test.get_state_display())
