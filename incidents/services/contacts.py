"""Change how contacts and vendors are reached: through the plan, of which each change is a version."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from dr_console.errors import Refused
from dr_console.plans import services as plans
from dr_console.plans.models import PlanVersion
from incidents.models import Contact, ContactChannel, Vendor, VendorChannel


def move_channel(
    owner: Contact | Vendor, channel: ContactChannel | VendorChannel, *, up: bool, base_version: int, by: User
) -> PlanVersion:
    """Let a channel change places with the one before it, or after it: the first is the best way.

    Refused at either end of the list, and where somebody has changed the entry since `base_version`.
    """
    section = "contacts" if isinstance(owner, Contact) else "vendors"
    entry: dict[str, Any] = next((one for one in plans.export()[section] if one["key"] == owner.key), {"channels": []})
    ways: list[dict[str, str]] = entry["channels"]
    wanted = {"kind": str(channel.kind), "address": channel.address}
    if wanted not in ways:
        raise Refused(_("“%s” is not in the plan any more.") % channel.address)
    index = ways.index(wanted)
    other = index - 1 if up else index + 1
    if not 0 <= other < len(ways):
        raise Refused((_("“%s” is already the first.") if up else _("“%s” is already the last.")) % channel.address)
    ways[index], ways[other] = ways[other], ways[index]
    return plans.edit_entry(section, owner.key, entry, base_version=base_version, by=by)
