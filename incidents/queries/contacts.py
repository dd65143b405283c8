"""Who can really be reached."""

from __future__ import annotations

from incidents.models import Contact


def placeholder_contacts() -> list[int]:
    """Primary keys of the current contacts of whom at least one address is still to be filled in."""
    contacts = Contact.objects.current().prefetch_related("channels")
    return [contact.pk for contact in contacts if any(channel.is_placeholder for channel in contact.channels.all())]
