"""What the lists can be narrowed to. The search box looks at the columns that a person would type from memory."""

from __future__ import annotations

import django_filters as filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from dr_console.web.filters import ConsoleFilterSet, SearchFilter, SinceFilter, YesNoFilter
from incidents.models import (
    Breach,
    ChannelKind,
    ChecklistTemplate,
    Contact,
    DegradationLevel,
    FailoverPlan,
    Incident,
    Region,
    Service,
    Severity,
    Threshold,
    Vendor,
)
from incidents.queries.channel_tests import untested_contacts
from incidents.queries.contacts import placeholder_contacts

PENDING = "pending"


class ContactFilter(ConsoleFilterSet):
    q = SearchFilter("name_en", "name_zh_hans", "title_en", "title_zh_hans", "channels__address", distinct=True)
    channel = filters.ChoiceFilter(
        label=_("Reached by"), choices=ChannelKind.choices, field_name="channels__kind", distinct=True
    )
    placeholder = YesNoFilter(label=_("Placeholder"), method="only_placeholders")

    tested = YesNoFilter(label=_("Tested"), method="only_tested")

    class Meta:
        model = Contact
        fields = ["q", "kind", "channel", "placeholder", "tested"]

    def only_placeholders(self, queryset: QuerySet[Contact], name: str, value: bool) -> QuerySet[Contact]:
        found = Q(pk__in=placeholder_contacts())
        return queryset.filter(found if value else ~found)

    def only_tested(self, queryset: QuerySet[Contact], name: str, value: bool) -> QuerySet[Contact]:
        found = Q(pk__in=untested_contacts())
        return queryset.filter(~found if value else found)


class VendorFilter(ConsoleFilterSet):
    q = SearchFilter("name_en", "name_zh_hans", "contract_number")

    class Meta:
        model = Vendor
        fields = ["q"]


class ThresholdFilter(ConsoleFilterSet):
    class Meta:
        model = Threshold
        fields = ["metric", "alert_channel"]


class BreachFilter(ConsoleFilterSet):
    open = YesNoFilter(label=_("Still lasts"), method="only_open")
    since = SinceFilter("opened_at")

    class Meta:
        model = Breach
        fields = ["metric"]

    def only_open(self, queryset: QuerySet[Breach], name: str, value: bool) -> QuerySet[Breach]:
        return queryset.filter(cleared_at__isnull=value)


class RegionFilter(ConsoleFilterSet):
    q = SearchFilter("key", "name_en", "name_zh_hans", "provider")

    class Meta:
        model = Region
        fields = ["q", "role", "status"]


class ServiceFilter(ConsoleFilterSet):
    q = SearchFilter("name_en", "name_zh_hans", "endpoints__url", distinct=True)

    class Meta:
        model = Service
        fields = ["q"]


class ChecklistFilter(ConsoleFilterSet):
    q = SearchFilter("name_en", "name_zh_hans")

    class Meta:
        model = ChecklistTemplate
        fields = ["q"]


class DegradationFilter(ConsoleFilterSet):
    static_only = YesNoFilter(label=_("Static content only"))

    class Meta:
        model = DegradationLevel
        fields = ["cache", "static_only"]


class FailoverFilter(ConsoleFilterSet):
    automatic = YesNoFilter(label=_("Automatic"))

    class Meta:
        model = FailoverPlan
        fields = ["service", "failure", "automatic"]


class IncidentFilter(ConsoleFilterSet):
    q = SearchFilter("reference", "title")
    severity = filters.ChoiceFilter(
        label=_("Severity"), choices=[*Severity.choices, (PENDING, _("Not decided"))], method="of_severity"
    )
    open = YesNoFilter(label=_("Still open"), method="only_open")
    service = filters.ModelChoiceFilter(label=_("Service"), queryset=lambda _request: Service.objects.current())
    is_practice = YesNoFilter(label=_("Drill"))
    since = SinceFilter("started_at")

    class Meta:
        model = Incident
        fields = ["q", "severity", "status", "open", "service", "is_practice", "since"]

    def of_severity(self, queryset: QuerySet[Incident], name: str, value: str) -> QuerySet[Incident]:
        return queryset.filter(severity="" if value == PENDING else value)

    def only_open(self, queryset: QuerySet[Incident], name: str, value: bool) -> QuerySet[Incident]:
        is_over = Q(status__in=Incident.OVER)
        return queryset.filter(~is_over if value else is_over)
