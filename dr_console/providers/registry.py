"""Which class serves which capability, by dotted path in settings.DR_PROVIDERS."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from dr_console.providers.capabilities.cdn import CdnProvider
from dr_console.providers.capabilities.chat import ChatProvider
from dr_console.providers.capabilities.code import CodeMirror
from dr_console.providers.capabilities.deployments import DeploymentProvider
from dr_console.providers.capabilities.dns import DnsProvider
from dr_console.providers.capabilities.events import EventsProvider
from dr_console.providers.capabilities.functions import FunctionPlatform
from dr_console.providers.capabilities.mail import MailProvider
from dr_console.providers.capabilities.metrics import MetricsProvider
from dr_console.providers.capabilities.objects import ObjectStore
from dr_console.providers.capabilities.paging import PagingProvider
from dr_console.providers.capabilities.phone import PhoneProvider
from dr_console.providers.capabilities.robot import RobotProvider
from dr_console.providers.capabilities.search import SearchProvider
from dr_console.providers.capabilities.settings_store import SettingsStore
from dr_console.providers.capabilities.snapshots import CacheSnapshotProvider, DatabaseSnapshotProvider
from dr_console.providers.capabilities.variables import VariableProvider
from dr_console.providers.capabilities.vault import Vault
from dr_console.providers.capabilities.webhook import WebhookProvider


def provider(capability: str, vendor: str = "") -> Any:
    """A client for this capability, of the vendor named, else of the first in the settings.

    Clients are cheap to make and hold no connection. Raises LookupError if there is none.
    """
    drivers: dict[str, str] = settings.DR_PROVIDERS.get(capability, {})
    if not drivers or (vendor and vendor not in drivers):
        raise LookupError(f"No provider of {capability}{f' by {vendor}' if vendor else ''} in DR_PROVIDERS.")
    return import_string(drivers[vendor] if vendor else next(iter(drivers.values())))()


def first(capability: str) -> str:
    """The vendor that serves it where none is named; empty if there is none."""
    return next(iter(settings.DR_PROVIDERS.get(capability, {})), "")


def dns(vendor: str = "") -> DnsProvider:
    return cast(DnsProvider, provider("dns", vendor))


def cdn(vendor: str = "") -> CdnProvider:
    return cast(CdnProvider, provider("cdn", vendor))


def events(vendor: str = "") -> EventsProvider:
    return cast(EventsProvider, provider("events", vendor))


def paging(vendor: str = "") -> PagingProvider:
    return cast(PagingProvider, provider("paging", vendor))


def chat(vendor: str = "") -> ChatProvider:
    return cast(ChatProvider, provider("chat", vendor))


def phone(vendor: str = "") -> PhoneProvider:
    return cast(PhoneProvider, provider("phone", vendor))


def robot(vendor: str) -> RobotProvider:
    return cast(RobotProvider, provider("robots", vendor))


def mail(vendor: str = "") -> MailProvider:
    return cast(MailProvider, provider("mail", vendor))


def functions(vendor: str = "") -> FunctionPlatform:
    return cast(FunctionPlatform, provider("functions", vendor))


def database_snapshots(vendor: str = "rds") -> DatabaseSnapshotProvider:
    return cast(DatabaseSnapshotProvider, provider("snapshots", vendor))


def cache_snapshots(vendor: str = "elasticache") -> CacheSnapshotProvider:
    return cast(CacheSnapshotProvider, provider("snapshots", vendor))


def vault(vendor: str = "") -> Vault:
    return cast(Vault, provider("vault", vendor))


def deployments(vendor: str = "") -> DeploymentProvider:
    return cast(DeploymentProvider, provider("deployments", vendor))


def variables(vendor: str = "") -> VariableProvider:
    return cast(VariableProvider, provider("variables", vendor))


def settings_store(vendor: str = "") -> SettingsStore:
    return cast(SettingsStore, provider("settings_store", vendor))


def search(vendor: str = "") -> SearchProvider:
    return cast(SearchProvider, provider("search", vendor))


def webhook(vendor: str = "") -> WebhookProvider:
    return cast(WebhookProvider, provider("webhook", vendor))


def objects(vendor: str = "") -> ObjectStore:
    return cast(ObjectStore, provider("objects", vendor))


def bucket(vendor: str, name: str) -> ObjectStore:
    """A bucket of this vendor's other than the one in the settings. Raises LookupError where it has no object store."""
    path = settings.DR_PROVIDERS.get("objects", {}).get(vendor)
    if path is None:
        raise LookupError(f"No provider of objects by {vendor} in DR_PROVIDERS.")
    return cast(ObjectStore, import_string(path)(name))


def code(vendor: str = "") -> CodeMirror:
    return cast(CodeMirror, provider("code", vendor))


def metrics(vendor: str = "") -> MetricsProvider:
    return cast(MetricsProvider, provider("metrics", vendor))
