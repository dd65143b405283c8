"""What the console is put together from, whatever the environment says: apps, middleware, templates, the broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

APPS = [
    "modeltranslation",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tables2",
    "dr_console.web",
    "dr_console.audit",
    "dr_console.people",
    "dr_console.live",
    "dr_console.operations",
    "dr_console.sandbox_page",
    "dr_console.plans",
    "dr_console.runs",
    "dr_console.notifications",
    "incidents",
    "backups",
    "drills",
    "dr_console",
]
MIDDLEWARE = [
    "dr_console.web.middleware.keep_public",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "dr_console.operations.middleware.CountRequests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "dr_console.people.middleware.PersonalPreferences",
    "dr_console.audit.middleware.RememberOrigin",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dr_console.web.middleware.no_dead_ends",
    "dr_console.web.middleware.AnswerRefusals",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).resolve().parent.parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dr_console.web.context_processors.console",
                "dr_console.live.context_processors.live",
                "dr_console.operations.context_processors.data_age",
                "dr_console.operations.context_processors.watchdog",
            ],
        },
    }
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
# A task is given to another worker soon after its own has died, and a connection that went deaf is noticed.
BROKER = {
    "visibility_timeout": 180,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 15,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
