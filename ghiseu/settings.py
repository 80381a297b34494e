"""Every setting comes from the environment; docs/operating/settings.md lists them. A bad value stops the start.

Units stand in the names. What changes weekly (queues, roles, mailboxes) is data and not here.
"""

import datetime as dt
import ipaddress
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

import environ
import platformdirs

from ghiseu.ops import embedded
from ghiseu.ops.errors import BadSetting, Unusable

env = environ.Env()
PACKAGE = Path(__file__).resolve().parent


def number(name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number from the environment, within its limits."""
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise BadSetting(
            f"{name} is {text!r}. It takes a whole number from {lowest} to {highest}; the default is {default}."
        )
    return int(text)


def choice(name: str, default: str, accepted: tuple[str, ...]) -> str:
    """One of a few words from the environment."""
    text = os.environ.get(name, "").strip() or default
    if text not in accepted:
        raise BadSetting(f"{name} is {text!r}. It takes one of {', '.join(accepted)}; the default is {default}.")
    return text


def time_of_day(name: str, default: str) -> dt.time:
    """An hour and a minute from the environment."""
    text = os.environ.get(name, "").strip() or default
    try:
        return dt.datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  # a time of day has no zone
    except ValueError:
        raise BadSetting(
            f"{name} is {text!r}. It takes a time of day such as 02:30; the default is {default}."
        ) from None


def default_home() -> Path:
    """The platform's folder for a user's data; /var/lib/ghiseu for root."""
    if os.geteuid() == 0:
        return Path("/var/lib/ghiseu")
    return Path(platformdirs.user_data_dir("ghiseu"))


# --- the data folder -------------------------------------------------------------------------------------------------

HOME = Path(os.environ.get("GHISEU_HOME", "").strip() or default_home()).expanduser().absolute()
BLOBS_FOLDER = HOME / "blobs"
OUTGOING_FOLDER = HOME / "outgoing"
KEYS_FOLDER = HOME / "keys"


def secret_key() -> str:
    """GHISEU_SECRET_KEY, else the key in GHISEU_HOME/keys/secret, made at the first start (mode 600)."""
    given = os.environ.get("GHISEU_SECRET_KEY", "").strip()
    if given:
        if len(given) < 32:
            raise BadSetting("GHISEU_SECRET_KEY is too short. It takes at least 32 random characters.")
        return given
    path = KEYS_FOLDER / "secret"
    try:
        HOME.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        KEYS_FOLDER.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            # Written aside and linked: two processes that start together agree on one key, and none reads half of one.
            draft = KEYS_FOLDER / f"secret.{os.getpid()}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise Unusable(
            f"The data folder {HOME} cannot be used: {error.strerror} ({error.filename}). "
            "Set GHISEU_HOME to a folder that this account may write."
        ) from error


SECRET_KEY = secret_key()

# --- addresses -------------------------------------------------------------------------------------------------------

HOST = os.environ.get("GHISEU_HOST", "").strip() or "127.0.0.1"
PORT = number("GHISEU_PORT", 8080, 1, 65535)
LMTP_PORT = number("GHISEU_LMTP_PORT", 8024, 1, 65535)
# One more than cores: while one waits for the database another computes, and connections, which stay with the process
# that took them, spread more evenly. More than a few serve more people than one machine's database does.
WEB_PROCESSES = number("GHISEU_WEB_PROCESSES", min((os.cpu_count() or 1) + 1, 4), 1, 64)


def base_url() -> str:
    """The address under which browsers reach this installation, without a slash at its end."""
    text = (os.environ.get("GHISEU_BASE_URL", "").strip() or f"http://{HOST}:{PORT}").rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise BadSetting(
            f"GHISEU_BASE_URL is {text!r}. It takes an address without a path, as https://help.example.com."
        )
    return text


BASE_URL = base_url()
HTTPS = BASE_URL.startswith("https://")
_host_of_base_url = urlsplit(BASE_URL).hostname or "localhost"
ALLOWED_HOSTS = env.list(
    "GHISEU_ALLOWED_HOSTS", default=sorted({_host_of_base_url, HOST.strip("[]"), "localhost", "127.0.0.1", "[::1]"})
)
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# --- the database ----------------------------------------------------------------------------------------------------


def database(name: str, url: str) -> dict[str, Any]:
    """Django's description of the PostgreSQL database that `url` names. `name` is the variable it came from."""
    accepted = (
        "It takes postgresql://user:password@host:port/database, or postgresql://user@/database?host=/socket/folder."
    )
    try:
        parts = urlsplit(url)
        port = parts.port
        query = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
    except ValueError as error:
        raise BadSetting(f"{name} cannot be read ({error}). {accepted}") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise BadSetting(
            f"{name} names {parts.scheme or 'no kind of'} database; only PostgreSQL 15 or newer will do. {accepted}"
        )
    if not parts.path.strip("/"):
        raise BadSetting(f"{name} names no database. {accepted}")
    options = {key: unquote(value) for key, value in query.items()}
    return {
        "ENGINE": "ghiseu.ops.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or "") or options.pop("user", ""),
        "PASSWORD": unquote(parts.password or "") or options.pop("password", ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(port or options.pop("port", "")),
        # A new connection for each request costs ten times as much as one from the pool.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 20, "timeout": 10}, "connect_timeout": 5, **options},
    }


DATABASE_URL = os.environ.get("DATABASE_URL", "").strip()
DATABASE_IS_EMBEDDED = not DATABASE_URL
APPLICATION_DATABASE = database("DATABASE_URL", DATABASE_URL or embedded.locate(HOME).url())
DATABASES = {"default": APPLICATION_DATABASE | {"OPTIONS": dict(APPLICATION_DATABASE["OPTIONS"])}}
# Migrations run as the role that owns the tables; the application's own role cannot change history.
OWNER_DATABASE_URL = os.environ.get("GHISEU_OWNER_DATABASE_URL", "").strip()
if DATABASE_IS_EMBEDDED:
    OWNER_DATABASE = database("DATABASE_URL", embedded.locate(HOME).url(embedded.OWNER))
elif OWNER_DATABASE_URL:
    OWNER_DATABASE = database("GHISEU_OWNER_DATABASE_URL", OWNER_DATABASE_URL)
else:
    OWNER_DATABASE = APPLICATION_DATABASE
APPLICATION_ROLE = APPLICATION_DATABASE["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- mail ------------------------------------------------------------------------------------------------------------

MAIL_DOMAIN = (os.environ.get("GHISEU_MAIL_DOMAIN", "").strip() or _host_of_base_url).lower()
if not all(label.replace("-", "a").isalnum() for label in MAIL_DOMAIN.strip("[]").split(".")):
    raise BadSetting(f"GHISEU_MAIL_DOMAIN is {MAIL_DOMAIN!r}. It takes a domain, as mail.example.com.")
MAIL_MAX_BYTES = number("GHISEU_MAIL_MAX_BYTES", 52_428_800, 1_000_000, 1_000_000_000)
# Attached files up to this size are read, so that their words can be found; 0 means none.
FILE_TEXT_MAX_BYTES = number("GHISEU_FILE_TEXT_MAX_BYTES", 20_000_000, 0, 200_000_000)
# How long an agent's message waits before it leaves, so that it can be taken back.
UNDO_SECONDS = number("GHISEU_UNDO_SECONDS", 10, 0, 3600)
# Receipts and other automatic mail, of all queues together.
AUTOMATIC_MAILS_PER_HOUR = number("GHISEU_AUTOMATIC_MAILS_PER_HOUR", 500, 0, 100_000)
SMTP_URL = os.environ.get("GHISEU_SMTP_URL", "").strip()
if SMTP_URL and (
    urlsplit(SMTP_URL).scheme not in ("smtp", "smtp+starttls", "smtps") or not urlsplit(SMTP_URL).hostname
):
    raise BadSetting(
        "GHISEU_SMTP_URL cannot be used. It takes smtp://, smtp+starttls:// or smtps://, then user:password@host:port; "
        "empty means that outgoing mail is kept in GHISEU_HOME/outgoing."
    )
# The private key that signs outgoing mail, and the name under which its public half stands in the DNS.
DKIM_KEY_FILE = os.environ.get("GHISEU_DKIM_KEY_FILE", "").strip()
DKIM_SELECTOR = os.environ.get("GHISEU_DKIM_SELECTOR", "").strip()
DKIM_DOMAIN = os.environ.get("GHISEU_DKIM_DOMAIN", "").strip().lower() or MAIL_DOMAIN
if bool(DKIM_KEY_FILE) != bool(DKIM_SELECTOR):
    raise BadSetting(
        "GHISEU_DKIM_KEY_FILE and GHISEU_DKIM_SELECTOR go together: set both to sign outgoing mail, or none."
    )
if DKIM_SELECTOR and not DKIM_SELECTOR.replace(".", "a").replace("-", "a").isalnum():
    raise BadSetting(
        f"GHISEU_DKIM_SELECTOR is {DKIM_SELECTOR!r}. It takes letters, digits, dots and hyphens, as 2026a."
    )


def dns_servers() -> tuple[tuple[str, int], ...]:
    """Address and port of each server in GHISEU_DNS_SERVERS."""
    text = os.environ.get("GHISEU_DNS_SERVERS", "")
    try:
        parts = [urlsplit(f"//{server.strip()}") for server in text.split(",") if server.strip()]
        return tuple((str(ipaddress.ip_address(part.hostname or "")), part.port or 53) for part in parts)
    except ValueError:
        raise BadSetting(
            f"GHISEU_DNS_SERVERS is {text!r}. It takes addresses, separated by commas, as 192.0.2.53 or "
            "[2001:db8::53]:53; empty means those that this machine asks."
        ) from None


# Who is asked for the keys of signed mail, by mailboxes that check signatures.
DNS_SERVERS = dns_servers()

# --- language and time -----------------------------------------------------------------------------------------------

LANGUAGES = [("en", "English"), ("ro", "Română")]
LANGUAGE_CODE = choice("GHISEU_LANGUAGE", "en", tuple(code for code, _ in LANGUAGES))
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("GHISEU_TIME_ZONE", "").strip() or "Europe/Chisinau"
# When the desk does by itself what it does once a night, by the clock of TIME_ZONE.
NIGHT_AT = time_of_day("GHISEU_NIGHT_AT", "02:30")
if TIME_ZONE not in available_timezones():
    raise BadSetting(
        f"GHISEU_TIME_ZONE is {TIME_ZONE!r}. It takes a name of the time zone database, as Europe/Chisinau."
    )

# --- the application -------------------------------------------------------------------------------------------------

DEBUG = False
ROOT_URLCONF = "ghiseu.urls"
WSGI_APPLICATION = "ghiseu.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "pgtrigger",
    "django_htmx",
    "csp",
    "ghiseu.people",
    "ghiseu.tickets",
    "ghiseu.mail",
    "ghiseu.ui",
    "ghiseu.agent",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ghiseu.ui.compressed.Compressed",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ghiseu.agent.middleware.AgentLocale",
    "ghiseu.agent.middleware.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ghiseu.agent.middleware.Refusals",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / "ui" / "templates", PACKAGE / "agent" / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "ghiseu.ui.jinja.environment",
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ghiseu.ui.render.one_token",
            ],
        },
    },
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}},
]

# --- people ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "people.Agent"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "ghiseu.agent.session.Agents"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Guessing is slow for a name together with its source, so that a stranger cannot lock the rightful owner out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
# The field of the sign-in form, which is not named like the column that holds the login.
AXES_USERNAME_FORM_FIELD = "username"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "ghiseu.agent.session.locked_out"

# --- security --------------------------------------------------------------------------------------------------------

SESSION_ENGINE = "ghiseu.agent.session_store"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "ghiseu.agent.errors.csrf_failed"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_242_880  # bytes of a form without its files
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes; what is larger waits in a temporary file

# --- files of the pages ----------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(BLOBS_FOLDER)}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- logs ------------------------------------------------------------------------------------------------------------

# The commands set up logging themselves (ghiseu/ops/logs.py).
LOGGING_CONFIG = None
LOG_LEVEL = choice("GHISEU_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
