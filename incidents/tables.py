"""The lists of an incident's nouns, as tables."""

from __future__ import annotations

from functools import cached_property

import django_tables2 as tables
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.plans.tables import EntryTable
from dr_console.web import badges
from dr_console.web.tables import (
    CodeColumn,
    ConsoleTable,
    LinesColumn,
    MomentColumn,
    NumberColumn,
    SeverityColumn,
    StateColumn,
    YesNoColumn,
)
from dr_console.web.words import listed, listed_code
from incidents.cells import channel_list, choice_words
from incidents.models import (
    ChecklistTemplate,
    Contact,
    DegradationLevel,
    FailoverPlan,
    Failure,
    Incident,
    Region,
    Service,
    Vendor,
)
from incidents.queries.channel_tests import Proof, proofs


class _ReachedTable(EntryTable):
    """Whom to call, with what is known of each of their addresses."""

    name = tables.Column(linkify=True)
    channels = tables.Column(verbose_name=gettext_lazy("Reached by"), orderable=False)

    def render_channels(self, record: Contact | Vendor) -> SafeString:
        return channel_list(self.proofs[record.whom])

    @cached_property
    def proofs(self) -> dict[str, list[Proof]]:
        """Of all rows of the page at once."""
        return proofs(self.page_of_rows.rows if self.page_of_rows else [])


class ContactTable(_ReachedTable):
    caption = gettext_lazy("Contacts")
    section = "contacts"
    language = tables.Column(verbose_name=gettext_lazy("Language and zone"), orderable=False)

    class Meta(EntryTable.Meta):
        model = Contact
        fields = ("name", "title", "kind", "level", "channels", "language")
        sequence = (*fields, "change")

    def render_language(self, record: Contact) -> SafeString | str:
        where = f"{record.get_language_display()}, {record.time_zone}"
        if not record.quiet_hours:
            return where
        return format_html("{}<br><small class='muted'>{} {}</small>", where, _("quiet:"), record.quiet_hours)


class VendorTable(_ReachedTable):
    caption = gettext_lazy("Vendors")
    section = "vendors"
    support_url = tables.Column(orderable=False)

    class Meta(EntryTable.Meta):
        model = Vendor
        fields = ("name", "plan", "contract_number", "hours", "channels", "support_url")
        sequence = (*fields, "change")

    def render_support_url(self, value: str) -> SafeString:
        return format_html('<a href="{}" rel="noreferrer">{}</a>', value, value.removeprefix("https://"))


class RegionTable(EntryTable):
    caption = gettext_lazy("Regions")
    section = "regions"
    key = CodeColumn()
    status = StateColumn(states={"active": "ok", "standby": "skipped", "cold_standby": "skipped"})

    class Meta(EntryTable.Meta):
        model = Region
        fields = ("key", "name", "role", "provider", "provider_region", "status")


class ServiceTable(EntryTable):
    caption = gettext_lazy("Services")
    section = "services"
    hostnames = tables.Column(verbose_name=gettext_lazy("Host names"), orderable=False)
    endpoints = tables.Column(verbose_name=gettext_lazy("Health is asked at"), empty_values=(), orderable=False)

    class Meta(EntryTable.Meta):
        model = Service
        fields = ("name", "description", "hostnames", "endpoints")

    def render_hostnames(self, value: list[str]) -> SafeString:
        return listed_code(value)

    def render_endpoints(self, record: Service) -> SafeString:
        return format_html(
            '<ul class="plain">{}</ul>',
            format_html_join(
                "",
                '<li><code>{}</code><br><small class="muted">{} · {}</small></li>',
                ((one.url, one.region.key, one.get_via_display()) for one in record.endpoints.all()),
            ),
        )


class ChecklistTable(EntryTable):
    caption = gettext_lazy("Checklists")
    section = "checklists"
    name = tables.Column(verbose_name=gettext_lazy("Name"), linkify=("incidents:checklist", {"key": tables.A("key")}))
    severities = tables.Column(verbose_name=gettext_lazy("Severities"), empty_values=(), orderable=False)
    failures = tables.Column(verbose_name=gettext_lazy("Kinds of failure"), empty_values=(), orderable=False)
    length = NumberColumn(verbose_name=gettext_lazy("Items"), orderable=False)

    class Meta(EntryTable.Meta):
        model = ChecklistTemplate
        fields = ("name", "severities", "failures", "length")

    def render_severities(self, value: list[str]) -> str:
        return listed(value) or _("all")

    def render_failures(self, value: list[str]) -> str:
        return choice_words(Failure, value) or _("all")


class DegradationTable(EntryTable):
    caption = gettext_lazy("Degradation levels")
    section = "degradation_levels"
    features_on = tables.Column(verbose_name=gettext_lazy("Features on"), orderable=False)
    features_off = tables.Column(verbose_name=gettext_lazy("Features off"), orderable=False)
    static_only = YesNoColumn()
    message = LinesColumn(verbose_name=gettext_lazy("Users are told"), orderable=False)

    class Meta(EntryTable.Meta):
        model = DegradationLevel
        fields = ("level", "name", "features_on", "features_off", "cache", "static_only", "message")

    def render_features_on(self, value: list[str]) -> SafeString:
        return listed_code(value)

    def render_features_off(self, value: list[str]) -> SafeString:
        return listed_code(value)


class FailoverTable(EntryTable):
    caption = gettext_lazy("Failover plans")
    section = "failover_plans"
    name = tables.Column(
        verbose_name=gettext_lazy("Name"), linkify=("incidents:failover-plan", {"key": tables.A("key")})
    )
    way = tables.Column(verbose_name=gettext_lazy("Switches"), empty_values=(), orderable=False)
    automatic = tables.Column(verbose_name=gettext_lazy("Started by"))

    class Meta(EntryTable.Meta):
        model = FailoverPlan
        fields = ("name", "service", "failure", "way", "automatic")

    def render_way(self, record: FailoverPlan) -> SafeString | str:
        if not record.from_region or not record.to_region:
            return "–"
        return format_html("<code>{}</code> → <code>{}</code>", record.from_region.key, record.to_region.key)

    def render_automatic(self, value: bool) -> str:
        return _("the console, once confirmed") if value else _("a person")


class IncidentTable(ConsoleTable):
    caption = gettext_lazy("Incidents")
    live = "incidents"
    reference = tables.Column(linkify=True, verbose_name=gettext_lazy("Reference"))
    severity = SeverityColumn()
    started_at = MomentColumn(verbose_name=gettext_lazy("Started"))

    class Meta:
        model = Incident
        fields = ("reference", "severity", "title", "status", "service", "commander", "started_at")
        order_by = "-started_at"

    def render_title(self, record: Incident) -> SafeString | str:
        return (
            format_html("{} {}", badges.tag(_("DRILL"), "changed"), record.words)
            if record.is_practice
            else record.words
        )

    def render_status(self, record: Incident) -> str:
        if record.merged_into is not None:
            return _("Duplicate of %(reference)s") % {"reference": record.merged_into.reference}
        return str(record.get_status_display())
