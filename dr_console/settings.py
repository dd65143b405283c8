"""Every setting of the console, each from the environment; docs/settings.md lists them all."""

from __future__ import annotations

import ssl
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from dr_console import composition, databases, env
from dr_console.credentials import given_credentials, read_credentials
from dr_console.drill_channels import drill_channels
from dr_console.logs import logging_config
from dr_console.operations import data_folder
from dr_console.status_places import status_places
from dr_console.vendors import PROVIDERS, canary_urls, edge_url, prometheus_queries, vendor_urls

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Mode ---------------------------------------------------------------------------------------
DR_MODE = env.choice(
    "DR_MODE",
    "sandbox",
    "*sandbox* rehearses against pretend clouds and can harm nothing; *live* moves real traffic.",
    among=("sandbox", "live"),
)
DEBUG = env.flag("DEBUG", False, "Show tracebacks in the browser. Refused in live mode.")

DR_DATA_DIR = Path(
    env.text("DR_DATA_DIR", str(data_folder.DEFAULT), "Folder for everything the console writes.", shown="var/")
).resolve()
DEFAULT_SECRET_KEY = "not-a-secret-for-development-and-tests-only"
SECRET_KEY = env.secret(
    "SECRET_KEY",
    (DR_MODE == "sandbox" and data_folder.secret_key(DR_DATA_DIR)) or DEFAULT_SECRET_KEY,
    "Signs sessions and links: a long random text, the same on every server. "
    "In sandbox mode `manage.py up` makes one and keeps it in DR_DATA_DIR; live mode needs yours.",
)
if DR_MODE == "live" and DEBUG:
    raise env.WrongSetting("DEBUG", "must be off in live mode.")
if DR_MODE == "live" and (SECRET_KEY == DEFAULT_SECRET_KEY or len(SECRET_KEY) < 32):
    raise env.WrongSetting("SECRET_KEY", "live mode needs a secret of your own, of 32 characters or more.")

# --- Where it answers ---------------------------------------------------------------------------
HOST = env.text("HOST", "127.0.0.1", "Address that the web server listens on. 0.0.0.0 means all of them.")
PORT = env.integer("PORT", 8000, "Port that the web server listens on.", least=1, most=65535)
DR_PUBLIC_URL = env.url(
    "DR_PUBLIC_URL",
    f"http://{'localhost' if HOST in ('0.0.0.0', '::') else HOST}:{PORT}",
    "Address that people type, as seen from outside. With https, cookies are sent over TLS only.",
    shown="http://HOST:PORT",
)
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    [],
    "Further host names that the console answers to, beside that of DR_PUBLIC_URL and the loopback names.",
)
_public_host = DR_PUBLIC_URL.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
ALLOWED_HOSTS = [*ALLOWED_HOSTS, _public_host, "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [DR_PUBLIC_URL]
DR_TRUSTED_PROXIES = env.integer(
    "DR_TRUSTED_PROXIES",
    0,
    "How many reverse proxies stand before the console: how far X-Forwarded-For is believed.",
    least=0,
    most=10,
)

# --- Data ---------------------------------------------------------------------------------------
DATABASES = {
    "default": env.database_url(
        "DATABASE_URL",
        "PostgreSQL 14 or newer, for real use: postgres://user:password@host:5432/name.",
        default_file=DR_DATA_DIR / "dr_console.sqlite3",
    )
}
DATABASES["default"] |= databases.habits(DATABASES["default"]["ENGINE"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.url(
    "REDIS_URL",
    data_folder.redis_url(DR_DATA_DIR) or "redis://127.0.0.1:6379/0",
    "Redis 6.2 or Valkey 7.2 or newer: redis://:password@host:6379/0, rediss:// for TLS, unix:// for a socket. "
    "Without it, `manage.py up` starts one of its own.",
    schemes=("redis", "rediss", "unix"),
    shown="one started by `manage.py up`",
    secret=True,
)
# Login attempts are counted in it, and people must be able to log in while Redis is down.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "console_cache"}}

# --- Celery: ENGINE.md has the reason for each ---------------------------------------------------
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)  # as Celery spells it
if REDIS_URL.startswith("rediss://"):
    CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED}  # Celery would believe any certificate
CELERY_BROKER_TRANSPORT_OPTIONS = composition.BROKER
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 90
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
# A worker of its own takes the failover queue, so that nothing long can stand before a failover.
DR_QUEUES = ("default", "probes", "notify", "backups", "failover")
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "dr_console.operations.scheduler.BeatingScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 10
DR_WORKER_THREADS = env.integer(
    "DR_WORKER_THREADS", 8, "Tasks that one worker carries out side by side.", least=1, most=256
)
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = DR_WORKER_THREADS

# --- Runs: docs/runs.md has the reason for each ---------------------------------------------------
DR_LEASE_SECONDS = env.integer(
    "DR_LEASE_SECONDS",
    30,
    "How long a worker that goes silent keeps a step of a run to itself. "
    "One that died on the same host loses it at once.",
    least=2,
    most=600,
)

# --- Vendors: base URLs. The sandbox and the real clouds can never mix ----------------------------
DR_SANDBOX_PORT = env.integer(
    "DR_SANDBOX_PORT", 8100, "Port of the pretend clouds in sandbox mode.", least=1, most=65535
)
DR_SANDBOX_DNS_PORT = env.integer(
    "DR_SANDBOX_DNS_PORT", 8153, "Port of the sandbox’s DNS server, UDP and TCP; 0 for none.", least=0, most=65535
)
DR_SANDBOX_SMTP_PORT = env.integer(
    "DR_SANDBOX_SMTP_PORT", 8125, "Port of the sandbox’s mail server; 0 for none.", least=0, most=65535
)
DR_SANDBOX_SPEED = env.integer(
    "DR_SANDBOX_SPEED", 1, "How many times faster than ours the sandbox’s clock runs.", least=1, most=100_000
)
DR_VENDOR_URLS = vendor_urls(DR_MODE, sandbox_port=DR_SANDBOX_PORT)
DR_SANDBOX_URL = f"http://127.0.0.1:{DR_SANDBOX_PORT}" if DR_MODE == "sandbox" else ""
DR_EDGE_URL = edge_url(DR_MODE, sandbox_port=DR_SANDBOX_PORT)
DR_ALLOWED_NETWORKS = env.networks(
    "DR_ALLOWED_NETWORKS",
    [],
    "Private networks that health checks and webhooks may reach all the same. Without it, only public addresses.",
)
DR_CREDENTIALS = read_credentials(DR_MODE, sandbox_port=DR_SANDBOX_PORT)
DR_CREDENTIALS_GIVEN = given_credentials()
DR_CREDENTIALS_SECRET = env.text(
    "DR_CREDENTIALS_SECRET",
    "",
    "Name of a secret at AWS Secrets Manager that holds further settings of vendors: a JSON object of their names and "
    "values. What the environment has wins. AWS’s own key and region come from the environment alone.",
)
# By capability: who can serve it, by dotted path; the first is taken unless the plan names another.
DR_PROVIDERS = PROVIDERS

# --- Noticing -----------------------------------------------------------------------------------
DR_PROBE_LOCATION = env.text(
    "DR_PROBE_LOCATION", "here", "Name of the place that this console asks from, where several do: Tokyo office."
)
if len(DR_PROBE_LOCATION) > 60:
    raise env.WrongSetting("DR_PROBE_LOCATION", "is longer than 60 characters.")
DR_PROBE_INTERVAL_SECONDS = env.number(
    "DR_PROBE_INTERVAL_SECONDS", 5.0, "How often every health endpoint is asked.", least=0.1, most=3600
)
DR_PROBE_TIMEOUT_SECONDS = env.number(
    "DR_PROBE_TIMEOUT_SECONDS", 3.0, "How long one health check may take.", least=0.1, most=60
)
DR_PROBE_GOOD_ROUNDS = env.integer(
    "DR_PROBE_GOOD_ROUNDS", 3, "How often in a row an endpoint that was down must be well to be up.", least=1, most=100
)
DR_CANARY_URLS = env.words(
    "DR_CANARY_URLS",
    canary_urls(DR_MODE),
    "Independent addresses that are asked with every round: where none of them answers, the console itself is cut off, "
    "and believes nothing that it sees.",
)

# --- Contacts -----------------------------------------------------------------------------------
DR_CHANNEL_TEST_DAYS = env.integer(
    "DR_CHANNEL_TEST_DAYS",
    90,
    "For how long an answered test message proves that a contact is reached there. Older ones make it not ready.",
    least=1,
    most=3660,
)

# --- Deciding -----------------------------------------------------------------------------------
DR_CONFIRM_ROUNDS = env.integer(
    "DR_CONFIRM_ROUNDS", 3, "How many rounds in a row must say the same before the console acts.", least=1, most=100
)
DR_COOL_DOWN_SECONDS = env.integer(
    "DR_COOL_DOWN_SECONDS",
    3600,
    "After a failover or failback nothing is switched by itself for so long, unless a person has looked at it.",
    least=0,
    most=604_800,
)
DR_AUTOMATIC_A_DAY = env.integer(
    "DR_AUTOMATIC_A_DAY", 3, "How many failovers may start by themselves within 24 hours.", least=0, most=1000
)

# --- Apps ---------------------------------------------------------------------------------------
INSTALLED_APPS = list(composition.APPS)
MIDDLEWARE = composition.MIDDLEWARE
ROOT_URLCONF = "dr_console.urls"
ASGI_APPLICATION = "dr_console.asgi.application"
TEMPLATES = composition.TEMPLATES
FORM_RENDERER = "dr_console.web.forms.ConsoleRenderer"
DJANGO_TABLES2_TEMPLATE = "tables/table.html"
FILTERS_EMPTY_CHOICE_LABEL = _("Any")

# --- Static files -------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = DR_DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

# --- Languages and time -------------------------------------------------------------------------
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LANGUAGE_CODE = env.choice(
    "DR_LANGUAGE",
    "en",
    "Language of the console before a person has chosen theirs and where the browser asks for neither.",
    among=("en", "zh-hans"),
)
MODELTRANSLATION_DEFAULT_LANGUAGE = "en"
MODELTRANSLATION_FALLBACK_LANGUAGES = ("en", "zh-hans")
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["dr_console.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DR_TIME_ZONE = env.time_zone(
    "DR_TIME_ZONE", "UTC", "Time zone shown beside UTC before a person has chosen theirs: Asia/Shanghai."
)

# --- People and login ---------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["dr_console.people.backends.PeopleBackend"]
AUTH_PASSWORD_VALIDATORS = composition.PASSWORD_VALIDATORS
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "dr_console.people.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "dr_console.people.adapters.SocialAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[DR Console] "
PASSWORD_RESET_TIMEOUT = 24 * 3600  # of the one-time links that administrators hand out, too
ALLAUTH_TRUSTED_PROXY_COUNT = DR_TRUSTED_PROXIES
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "DR Console"
MFA_FORMS = {"authenticate": "dr_console.people.second_factors.AuditedAuthenticateForm"}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DR_PUBLIC_URL.startswith("http://")

DR_ADMIN_USERNAME = env.text("DR_ADMIN_USERNAME", "admin", "Login of the first administrator.")
DR_ADMIN_EMAIL = env.text("DR_ADMIN_EMAIL", "admin@example.com", "E-mail address of the first administrator.")
DR_ADMIN_PASSWORD = env.secret(
    "DR_ADMIN_PASSWORD", "", "Password of the first administrator. Without it, one is made up and printed once."
)
OIDC_SERVER_URL = env.url("DR_OIDC_SERVER_URL", "", "OpenID Connect issuer, for login with your own identity provider.")
OIDC_NAME = env.text("DR_OIDC_NAME", "Single sign-on", "What the button for that login says.")
OIDC_CLIENT_ID = env.text("DR_OIDC_CLIENT_ID", "", "Client id that the identity provider gave to the console.")
OIDC_CLIENT_SECRET = env.secret("DR_OIDC_CLIENT_SECRET", "", "Client secret that belongs to it.")
DR_OIDC_CREATE_VIEWERS = env.flag(
    "DR_OIDC_CREATE_VIEWERS",
    False,
    "Whether somebody whom the identity provider knows and nobody here does is let in as a viewer.",
)
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
if OIDC_SERVER_URL and not OIDC_CLIENT_ID:
    raise env.WrongSetting("DR_OIDC_CLIENT_ID", "is needed because DR_OIDC_SERVER_URL is set.")
if OIDC_SERVER_URL:  # who does not log in with it need not hold its HTTP client in memory
    INSTALLED_APPS += ["allauth.socialaccount.providers.openid_connect"]
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
        if OIDC_SERVER_URL
        else [],
    }
}

# --- Mail ---------------------------------------------------------------------------------------
EMAIL_URL = env.secret(
    "EMAIL_URL",
    f"smtp://127.0.0.1:{DR_SANDBOX_SMTP_PORT}" if DR_MODE == "sandbox" and DR_SANDBOX_SMTP_PORT else "",
    "Mail server: smtp://user:password@host:587 (smtp+tls:// for STARTTLS, smtp+ssl:// for TLS from the start). "
    "Without it, mail goes to the sandbox’s mail server in sandbox mode, and is printed to the log in live mode.",
)
vars().update(env.mail_config("EMAIL_URL", EMAIL_URL))
DEFAULT_FROM_EMAIL = env.text("DR_MAIL_FROM", "DR Console <dr-console@example.com>", "Sender of the console's mail.")

# --- Messages to people, and to programs ----------------------------------------------------------
DR_WEBHOOK_URLS = env.words(
    "DR_WEBHOOK_URLS",
    [],
    "Addresses of your own that are told of every alert, between commas. Signed as Standard Webhooks say.",
)
DR_DRILL_CHANNELS = drill_channels()
DR_WEBHOOK_SECRET = env.secret(
    "DR_WEBHOOK_SECRET", "", "What those are signed with: whsec_ and 24 to 64 bytes in base64."
)
DR_SIGNING_KEY = env.secret(
    "DR_SIGNING_KEY",
    "",
    "Signs /degradation.json: an Ed25519 private key, 32 bytes in base64, the same on every server. "
    "Without it, one is made and kept in DR_DATA_DIR.",
)
DR_DEGRADATION_KEY = env.text(
    "DR_DEGRADATION_KEY",
    "degradation_level",
    "Key in the settings store that the product reads its degradation level at, and the field in which its health "
    "address says it.",
)
DR_DEGRADATION_HEALTH_URL = env.url(
    "DR_DEGRADATION_HEALTH_URL",
    "",
    "Address of the product that says in JSON at which level it is.",
    shown="the first health address of the plan’s first service that users ask too",
)
DR_STATUS_PAGE = status_places(DR_MODE)

# --- Security -----------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = composition.CONTENT_SECURITY_POLICY
_https = DR_PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https and DR_TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "dr_console.web.views.csrf_failure"

# --- Measured values ----------------------------------------------------------------------------
DR_API_CALLS_PER_MINUTE = env.integer(
    "DR_API_CALLS_PER_MINUTE", 120, "How often a minute one API token may call.", least=1, most=100_000
)
DR_PROMETHEUS_URL = env.url(
    "DR_PROMETHEUS_URL",
    "",
    "Prometheus, or what answers its query API, that metrics are read from: https://prometheus.example.com. "
    "At a private address it also needs DR_ALLOWED_NETWORKS.",
)
DR_PROMETHEUS_TOKEN = env.secret("DR_PROMETHEUS_TOKEN", "", "Bearer token that Prometheus asks for, if it does.")
# By metric of the plan's thresholds. Where there is none, the metric is pushed, or taken from health checks.
DR_PROMETHEUS_QUERIES = prometheus_queries()

# --- Operations ---------------------------------------------------------------------------------
DR_METRICS_TOKEN = env.secret(
    "DR_METRICS_TOKEN",
    "",
    "Bearer token that /metrics asks for. Without it, /metrics answers to this machine only.",
)
DR_DEADMAN_URL = env.url(
    "DR_DEADMAN_URL",
    "",
    "Address of a dead man’s switch outside, such as healthchecks.io: asked every minute, but only while nothing is "
    "overdue. Whoever keeps it raises the alarm once it is not asked any more.",
    secret=True,
)
LOGGING = logging_config(
    level=env.choice(
        "DR_LOG_LEVEL", "INFO", "Least severe line that is logged.", among=("DEBUG", "INFO", "WARNING", "ERROR")
    ),
    format=env.choice(
        "DR_LOG_FORMAT",
        "console",
        "How log lines look: for people, or one JSON object a line.",
        among=("console", "json"),
    ),
)
