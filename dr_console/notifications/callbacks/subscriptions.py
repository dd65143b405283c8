"""Have PagerDuty tell us what people do with our pages, and keep the secret that it signs with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.notifications import offers
from dr_console.notifications.models import CallbackEvent, VendorSubscription
from dr_console.notifications.tokens import vendors_base
from dr_console.operations.sealing import seal, unseal
from dr_console.providers import registry
from dr_console.providers.capabilities.paging import Subscription
from dr_console.providers.credentials import credential_or_none
from dr_console.providers.deadlines import Deadline

PAGERDUTY = "pagerduty"
PURPOSE = "vendor-subscription"
CALL_SECONDS = 15.0


def address(vendor: str = PAGERDUTY) -> str:
    """Where this vendor tells us what happens."""
    return f"{vendors_base()}{reverse(f'callbacks:{vendor}')}"


def subscribe(*, by: User | None) -> VendorSubscription:
    """Ask PagerDuty to tell us, and remove what it was asked before. Raises ProviderError; Refused where it cannot.

    The new one works before the old ones are removed: nothing that happens in between is lost.
    """
    if not offers.is_reachable():
        raise Refused(_("PagerDuty cannot reach DR_PUBLIC_URL: it is an address of this machine."))
    url, paging, deadline = address(), registry.paging(), Deadline.after(CALL_SECONDS)
    before = [one for one in paging.subscriptions(deadline=deadline) if one.url == url]
    made = _keep(paging.subscribe(url, deadline=deadline), by=by)
    for one in before:
        paging.unsubscribe(one.id, deadline=deadline)
    return made


def secrets(vendor: str) -> list[str]:
    """Every secret that this vendor may sign with: those it showed us, and the one in the settings.

    Raises Unsealable where SECRET_KEY is another one than it was.
    """
    kept = VendorSubscription.objects.filter(vendor=vendor, ended_at=None).values_list("sealed", flat=True)
    shown = [unseal(one, purpose=PURPOSE) for one in kept]
    return [*shown, *filter(None, [credential_or_none(vendor, "webhook_secret")])]


def current(vendor: str = PAGERDUTY) -> VendorSubscription | None:
    """The one that this console made, for the address that it has now."""
    mine = VendorSubscription.objects.filter(vendor=vendor, ended_at=None, url=address(vendor))
    return mine.select_related("made_by").first()


def last_heard(vendors: Sequence[str]) -> dict[str, datetime]:
    """When each of these vendors last told us something; of the last three days."""
    newest = {vendor: CallbackEvent.objects.filter(vendor=vendor).order_by("-at").first() for vendor in vendors}
    return {vendor: event.at for vendor, event in newest.items() if event is not None}


@transaction.atomic
def _keep(made: Subscription, *, by: User | None) -> VendorSubscription:
    at = now()
    VendorSubscription.objects.filter(vendor=PAGERDUTY, ended_at=None).update(ended_at=at)
    kept = VendorSubscription.objects.create(
        vendor=PAGERDUTY,
        vendor_id=made.id,
        url=made.url,
        sealed=seal(made.secret, purpose=PURPOSE),
        made_at=at,
        made_by=by,
    )
    audit("channel.subscribed", by=by, target=kept, after={"id": made.id, "url": made.url})
    nudge("console", "channels")
    return kept
