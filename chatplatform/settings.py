"""Settings, read from the environment once.

Two ways to run, one code (architecture.md):

* *embedded* — nothing set: one process, SQLite, an in-process channel layer, the worker inside it;
* *grown* — ``DATABASE_URL`` names PostgreSQL and ``REDIS_URL`` a Redis server.

A variable that is set to nothing counts as not set.

Generated secrets and local data live under ``var/``, which git ignores.
"""

import secrets
import sys
from pathlib import Path
from typing import Any

import structlog
from environs import Env


class _Env(Env):
    """Reads variables; ``NAME=`` in a file of them is how people say that it is not set."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        value = super()._get_value(env_key, default)
        return default if value == "" else value


env = _Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """Return ``SECRET_KEY``, or the one kept in ``var/secret-key``, made on first use."""
    if given := env.str("SECRET_KEY", ""):
        return given
    path = VAR_DIR / "secret-key"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text().strip()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
"""Former keys: what was signed or encrypted under them stays good. The secrets of webhooks need
theirs for as long as webhooks that were registered under it are there."""
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["*"])
PUBLIC_URL = env.str("PUBLIC_URL", "").rstrip("/")
"""Where the outside world reaches this server; empty means: whatever the request says, but for
links in mails (``mail_links``)."""

# --- applications -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "oauth2_provider",
    "chatplatform",
    "agents",
    "customers",
    "configuration",
    "webhooks",
    "chatplatform.admin.apps.AdminConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "chatplatform.transports.staff_sessions.LastSeenMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "agents.accounts.oauth.openers.OpenerMiddleware",
]

ROOT_URLCONF = "chatplatform.urls"
ASGI_APPLICATION = "chatplatform.asgi.application"
WSGI_APPLICATION = "chatplatform.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["chatplatform.templatetags.tied_forms"],
        },
    },
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
"""Widgets of our own have templates where all others are."""

# --- data -------------------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.dj_db_url("DATABASE_URL", default=DATABASE_URL),
}
DATABASE_THREADS = env.int("DATABASE_THREADS", 8)
"""Threads that run actions in one server process; each holds one database connection."""

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 5,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
        ),
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"] = {
        "pool": {
            "min_size": 1,
            "max_size": env.int("DATABASE_POOL", DATABASE_THREADS + 16),
            "timeout": 10,
        },
        "options": "-c statement_timeout=10000 -c lock_timeout=10000",
        # Statements are prepared where the code asks for it, and never by how often they come:
        # Django's own default, None, would leave out those as well.
        "prepare_threshold": sys.maxsize,
    }

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "chatplatform.Account"

REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
else:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"capacity": 1_000_000, "expiry": 60},
        }
    }

CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

SERVER_PROCESSES = env.int("SERVER_PROCESSES", 1)
"""How many server processes share this installation; system checks refuse lossy combinations."""
EMBEDDED_WORKER = env.bool("EMBEDDED_WORKER", not REDIS_URL)
"""Whether the server process also runs timers and deliveries (`manage.py worker` otherwise)."""

URL_INFO_ALLOWED_HOSTS: list[str] = env.list("URL_INFO_ALLOWED_HOSTS", [])
"""Hosts (``name`` or ``name:port``) whose pages links may describe although their addresses are
inside; every other inside address is refused. Whoever can chat can read what these pages say."""

MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR_DIR / "media")))
MEDIA_URL = "/files/"

GEOIP_DATABASE = env.str("GEOIP_DATABASE", "")
"""Path of a MaxMind City database to locate customers by."""

ARCHIVES_RETENTION_DAYS = env.int("ARCHIVES_RETENTION_DAYS", 0)
"""For how many days closed threads are kept where the licence does not say; 0 means for ever."""
RETENTION_DAYS = {
    "customers": env.int("CUSTOMERS_RETENTION_DAYS", 0),
    "visits": env.int("VISITS_RETENTION_DAYS", 0),
    "files": env.int("FILES_RETENTION_DAYS", 0),
    "audit": env.int("AUDIT_RETENTION_DAYS", 0),
}
"""The same of what else organisations keep (``services/retention.py``)."""
THREAD_SUMMARIZER = env.str("THREAD_SUMMARIZER", "")
"""Dotted path of what sums threads up (``services/summaries.py``); empty: nothing does."""

# --- webhooks ---------------------------------------------------------------------------------

WEBHOOK_ALLOWED_HOSTS: list[str] = env.list("WEBHOOK_ALLOWED_HOSTS", [])
"""Hosts (``name`` or ``name:port``) that webhooks may be sent to although their addresses are
inside; every other inside address is refused. Whoever administers a licence can make calls there,
and reads the beginning of the answers."""
WEBHOOK_WAITING_MAX = env.int("WEBHOOK_WAITING_MAX", 100_000)
"""Deliveries that may wait at one endpoint; the oldest beyond are given up."""
WEBHOOK_DELIVERED_DAYS = env.int("WEBHOOK_DELIVERED_DAYS", 3)
WEBHOOK_FAILED_DAYS = env.int("WEBHOOK_FAILED_DAYS", 30)
"""For how many days deliveries are kept once they are done with."""

# --- mail -------------------------------------------------------------------------------------

vars().update(env.dj_email_url("EMAIL_URL", "console://"))
"""How mail leaves: ``submission://user:password@host:587``, or ``smtp``; by default it is
written to standard output."""
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "chat@localhost")
EMAIL_TIMEOUT = 5

CALLBACK_ALLOWED_HOSTS: list[str] = env.list("CALLBACK_ALLOWED_HOSTS", [])
"""Hosts whose inside addresses may be called back, once a customer has verified their address."""

# --- identity ---------------------------------------------------------------------------------

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
SESSION_ENGINE = "chatplatform.session_store"
LOGIN_URL = "/signin"
LOGIN_REDIRECT_URL = "/workspace/"
LOGOUT_REDIRECT_URL = "/signin"

OAUTH2_PROVIDER_APPLICATION_MODEL = "chatplatform.Application"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "chatplatform.AccessToken"  # noqa: S105 - a model's name
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "chatplatform.RefreshToken"  # noqa: S105 - a model's name
OAUTH2_PROVIDER_GRANT_MODEL = "chatplatform.Grant"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "chatplatform.IDToken"  # noqa: S105 - a model's name
OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 28_800,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
}

# --- staff: sign-in (agents/accounts) -----------------------------------------------------------

ACCOUNT_ADAPTER = "agents.accounts.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "agents.accounts.adapters.ProviderAdapter"
MFA_ADAPTER = "agents.accounts.adapters.SecondFactorAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
"""Attempts are counted by our own limits, and by the lock of the account (services/sign_in.py)."""
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
INVITATION_DAYS = env.int("INVITATION_DAYS", 7)
"""For how many days the link in an invitation is good."""
PASSWORD_RESET_HOURS = env.int("PASSWORD_RESET_HOURS", 2)
"""For how many hours a link to set a new password is good."""
SIGN_IN_FAILURES = env.int("SIGN_IN_FAILURES", 20)
"""After how many wrong passwords, or codes, in a row, from wherever, an account is locked."""
SIGN_IN_LOCK_SECONDS = env.int("SIGN_IN_LOCK_SECONDS", 300)
"""For how long it is locked first; each further wrong attempt doubles that, up to a day."""
REAUTHENTICATION_SECONDS = env.int("REAUTHENTICATION_SECONDS", 600)
"""How long after proving who they are people may change what guards their account."""
IDENTITY_PROVIDER_ALLOWED_HOSTS: list[str] = env.list("IDENTITY_PROVIDER_ALLOWED_HOSTS", [])
"""Hosts (``name`` or ``name:port``) of OpenID Connect providers that are asked although their
addresses are inside, or without TLS; every other is refused."""

# --- limits (protocol.md 8) -------------------------------------------------------------

RATE_LIMIT_PER_SECOND = env.float("RATE_LIMIT_PER_SECOND", 100)
RATE_LIMIT_BURST = env.int("RATE_LIMIT_BURST", 1_000)
ADDRESS_LIMIT_PER_SECOND = env.float("ADDRESS_LIMIT_PER_SECOND", 20)
ADDRESS_LIMIT_BURST = env.int("ADDRESS_LIMIT_BURST", 200)
PASSWORD_LIMIT_PER_SECOND = env.float("PASSWORD_LIMIT_PER_SECOND", 0.1)
PASSWORD_LIMIT_BURST = env.int("PASSWORD_LIMIT_BURST", 10)
"""Attempts to sign in to one account from one address."""
REDIRECT_LIMIT_PER_SECOND = env.float("REDIRECT_LIMIT_PER_SECOND", 0.1)
REDIRECT_LIMIT_BURST = env.int("REDIRECT_LIMIT_BURST", 3)
"""How often a person is sent on to one application: more is a loop."""
URL_INFO_LIMIT_PER_SECOND = env.float("URL_INFO_LIMIT_PER_SECOND", 1)
URL_INFO_LIMIT_BURST = env.int("URL_INFO_LIMIT_BURST", 20)
"""Links one customer may have looked up."""
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
"""How many proxies in front append to ``X-Forwarded-For``; 0 means: believe the socket."""

RTM_LOGIN_DEADLINE_SECONDS = env.float("RTM_LOGIN_DEADLINE_SECONDS", 30)
RTM_PENDING_REQUESTS = env.int("RTM_PENDING_REQUESTS", 10)
RTM_CONNECTIONS_PER_ORGANIZATION = env.int("RTM_CONNECTIONS_PER_ORGANIZATION", 20_000)
RTM_CONNECTIONS_PER_AGENT = env.int("RTM_CONNECTIONS_PER_AGENT", 100)
RTM_CONNECTIONS_PER_CUSTOMER = env.int("RTM_CONNECTIONS_PER_CUSTOMER", 100)
"""Live connections one server process keeps for one organisation, one agent, one customer."""
RTM_UNAUTHORIZED_CONNECTIONS = env.int("RTM_UNAUTHORIZED_CONNECTIONS", 10_000)
RTM_UNAUTHORIZED_PER_ADDRESS = env.int("RTM_UNAUTHORIZED_PER_ADDRESS", 1_000)
"""Connections one server process keeps that have not logged in, altogether and of one address."""
CUSTOMER_INACTIVITY_SECONDS = env.float("CUSTOMER_INACTIVITY_SECONDS", 1_800)
"""How long a customer stays connected without a chat and without opening another page."""
SOCKJS_SESSIONS = env.int("SOCKJS_SESSIONS", 10_000)
"""SockJS sessions on plain requests that one server process keeps."""
REQUEST_TIMEOUT_SECONDS = env.float("REQUEST_TIMEOUT_SECONDS", 15)
MAX_FRAME_BYTES = 1024 * 1024
MAX_UPLOAD_BYTES = 10 * 1024 * 1024
MAX_BODY_BYTES = MAX_UPLOAD_BYTES + 64 * 1024
"""The largest body of any request: an upload with its boundaries and part headers."""
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_FRAME_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
"""A greeting with as many buttons as it can have is a form of more than Django's thousand."""
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_UPLOAD_BYTES

# --- pages ------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

LANGUAGE_CODE = "en"
"""What every page speaks but the widget's: there is no catalogue of our own words, and those of the
libraries alone would make pages of two languages. So no middleware chooses one; the widget asks its
visitor's browser itself (``customers/widget/views.py``), and may speak all ``LANGUAGES``."""
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "chatplatform" / "locale"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'", "ws:", "wss:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_COOKIES = env.bool("SECURE_COOKIES", False)
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []

# The accounts endpoints below /v2/customer answer with credentials and do it themselves.
CORS_URLS_REGEX = r"^/(?!v2/customer/)(v[^/]*/)?(agent|customer|configuration|reports)/"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "x-api-version",
    "x-author-id",
    "x-region",
]
CORS_EXPOSE_HEADERS = ["Legacy", "Deprecation", "Retry-After"]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_THROTTLE_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Live chat platform",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

UNFOLD = {"SHOW_HISTORY": True, "SHOW_VIEW_ON_SITE": False}
"""Names, menu and colours of the admin are the project's own (``chatplatform/admin/site.py`` and
``static/admin_look/look.css``)."""

# --- logging ----------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOG_FORMAT = env.str("LOG_FORMAT", "plain")
"""``plain`` for people, ``json`` for machines."""

_LOG_CHAIN: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
structlog.configure(
    processors=[*_LOG_CHAIN, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(),
            "foreign_pre_chain": _LOG_CHAIN,
        },
        "plain": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
            "foreign_pre_chain": _LOG_CHAIN,
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # A refusal is an answer, not an incident; what goes wrong on our side is logged as an error.
    "loggers": {"django.request": {"level": "ERROR"}},
}
