"""What was said to whom, as a table, and what it can be filtered by."""

from __future__ import annotations

import django_filters as filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dr_console.notifications.looks import delivery_state, trouble
from dr_console.notifications.models import Channel, Delivery
from dr_console.web import badges
from dr_console.web.filters import ConsoleFilterSet, SinceFilter, YesNoFilter
from dr_console.web.tables import Column, ConsoleTable, MomentColumn


class DeliveryTable(ConsoleTable):
    caption = gettext_lazy("Messages")
    live = "deliveries"
    created_at = MomentColumn(verbose_name=gettext_lazy("When"))
    channel = Column(verbose_name=gettext_lazy("Channel"), orderable=False)
    recipient = Column(verbose_name=pgettext_lazy("recipient", "To"), orderable=False, empty_values=())
    subject = Column(verbose_name=gettext_lazy("What"), orderable=False)
    state = Column(verbose_name=gettext_lazy("What became of it"), orderable=False)

    class Meta:
        model = Delivery
        fields = ("created_at", "channel", "recipient", "subject", "state")
        order_by = "-created_at"

    def render_recipient(self, record: Delivery) -> SafeString:
        address = format_html("<small class='muted break'>{}</small>", record.address) if record.address else ""
        return format_html("{} {}", record.recipient, address)

    def render_subject(self, record: Delivery) -> SafeString:
        mark = badges.tag(_("DRILL"), "changed") if record.is_practice else ""
        address = reverse("notifications:detail", args=[record.pk])
        return format_html('<a href="{}">{}</a> {}', address, record.subject, mark)

    def render_state(self, record: Delivery) -> SafeString:
        words = trouble(record)
        return format_html("{}{}", delivery_state(record), format_html("<br><small>{}</small>", words) if words else "")


class DeliveryFilter(ConsoleFilterSet):
    channel = filters.ChoiceFilter(label=gettext_lazy("Channel"), choices=Channel.choices)
    state = filters.ChoiceFilter(label=gettext_lazy("What became of it"), choices=Delivery.State.choices)
    about = filters.CharFilter(label=gettext_lazy("About"), method="by_reference")
    person = filters.CharFilter(label=pgettext_lazy("recipient", "To"), method="by_person")
    is_practice = YesNoFilter(label=gettext_lazy("Drill"))
    since = SinceFilter("created_at")

    class Meta:
        model = Delivery
        fields = ["channel", "state", "about", "person", "is_practice"]

    def by_reference(self, queryset: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        return queryset.filter(about=value.strip().upper())

    def by_person(self, queryset: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        """By the key of a contact, by that with its kind, as user:ada, or by a part of the name."""
        asked = value.strip()
        return queryset.filter(Q(person__in=(asked, f"contact:{asked}")) | Q(recipient__icontains=asked))
