"""Who can really be reached."""

from __future__ import annotations

from incidents.models import Contact, Vendor


def placeholder_contacts() -> list[int]:
    """Primary keys of the current contacts of whom at least one address is still to be filled in."""
    return [
        contact.pk for contact in Contact.objects.current().prefetch_related("channels") if has_placeholder(contact)
    ]


def has_placeholder(one: Contact | Vendor) -> bool:
    """Whether one of the addresses, which should be prefetched, is still to be filled in."""
    return any(channel.is_placeholder for channel in one.channels.all())
