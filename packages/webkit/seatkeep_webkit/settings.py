"""Settings that both Django projects share, and the readers of environment variables.

globals().update(base_settings(program="hub", site_name="Licensing", ...))
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from seatkeep_webkit.env import SettingError, env_bool, env_int, env_list, env_path, env_str, env_url
from seatkeep_webkit.keyring import keyring

__all__ = [
    "SettingError",
    "base_settings",
    "database_from_url",
    "env_bool",
    "env_int",
    "env_list",
    "env_path",
    "env_str",
    "env_url",
    "mail_settings",
]

PUBLIC_PATHS = (
    "/accounts/",
    "/api/",
    "/agent/",
    "/activate/",
    "/install/",
    "/i/",
    "/.well-known/",
    "/static/",
    "/identity/",
)
DJANGO_APPS = [
    "django.forms",  # The form renderer looks for its templates in the installed apps.
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
]
OTHER_APPS = ["allauth", "allauth.account", "allauth.mfa", "allauth.usersessions", "django_htmx"]
WEBKIT_APPS = [
    "seatkeep_webkit",
    "seatkeep_webkit.audit",
    "seatkeep_webkit.outbox",
    "seatkeep_webkit.idempotency",
    "seatkeep_webkit.ratelimit",
    "seatkeep_webkit.kept",
]
MIDDLEWARE = [
    "seatkeep_webkit.middleware.HealthMiddleware",
    "seatkeep_webkit.middleware.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "seatkeep_webkit.remembering.RememberingMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "seatkeep_webkit.impersonation.ImpersonationMiddleware",
    "seatkeep_webkit.middleware.SignedInMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "seatkeep_webkit.guarding.SessionGuardMiddleware",
    "seatkeep_webkit.middleware.PersonMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "seatkeep_webkit.middleware.RateLimitHeadersMiddleware",
    "seatkeep_webkit.middleware.ErrorPagesMiddleware",
]


def base_settings(
    *,
    program: str,
    site_name: str,
    database_url: str,
    site_url: str,
    user_model: str,
    root_urlconf: str,
    apps: Sequence[str],
    navigation: str,
    form_targets: Sequence[str] = (),
    form_targets_from: str = "",
    public_paths: Sequence[str] = PUBLIC_PATHS,
    hosts: Sequence[str] = (),
    impersonated: str = "",
    sign_in_policy: str = "",
) -> dict[str, Any]:
    """Return the settings of a project.

    Args:
        program: Short name such as `hub`; part of cookie names and of the derived SECRET_KEY.
        site_name: The word at the top left, such as `Licensing`.
        database_url: `postgresql://user:password@host:port/name`.
        site_url: Address for people; decides about secure cookies and trusted origins.
        user_model: Value of AUTH_USER_MODEL.
        root_urlconf: Value of ROOT_URLCONF.
        apps: The project's own apps, and further ones of others.
        navigation: Dotted name of the function that returns `Navigation` for a request.
        form_targets: Further origins that a form may end at (sign-in across sites).
        form_targets_from: Dotted name of a function that returns more of them, as addresses; asked every few seconds.
        public_paths: Path prefixes where each endpoint does its own authentication.
        hosts: Further host names that may be asked for; `*` for any.
        impersonated: Dotted name of a function of a person and a uid: whom they act as, or None when they may not.
        sign_in_policy: Dotted name of a function of a person that returns their `SignInPolicy`.

    Raises:
        SettingError: A variable is missing or wrong.
    """
    is_secure = site_url.startswith("https://")
    is_debug = env_bool("SEATKEEP_DEBUG")
    return {
        "SECRET_KEY": base64.b64encode(keyring().derive(f"django-secret-key:{program}")).decode(),
        "DEBUG": is_debug,
        "ALLOWED_HOSTS": [urlsplit(site_url).hostname or "localhost", "localhost", "127.0.0.1", "[::1]", *hosts],
        "INSTALLED_APPS": [*WEBKIT_APPS, *apps, *DJANGO_APPS, *OTHER_APPS],
        "MIDDLEWARE": list(MIDDLEWARE),
        "ROOT_URLCONF": root_urlconf,
        "AUTH_USER_MODEL": user_model,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "DATABASES": {"default": database_from_url(database_url)},
        "SITE_URL": site_url,
        "WEBKIT_PROGRAM": program,
        # The test project is the only one whose models the style guide can show.
        "WEBKIT_HAS_STYLEGUIDE": is_debug and "seatkeep_webkit.testing" in apps,
        "WEBKIT_SITE_NAME": site_name,
        "WEBKIT_NAVIGATION": navigation,
        "WEBKIT_FORM_TARGETS": list(form_targets),
        "WEBKIT_FORM_TARGETS_FROM": form_targets_from,
        "WEBKIT_PUBLIC_PATHS": list(public_paths),
        "WEBKIT_IMPERSONATED": impersonated,
        "WEBKIT_SIGN_IN_POLICY": sign_in_policy,
        **_template_settings(),
        **_static_settings(),
        **_language_settings(),
        **_cookie_settings(program, site_url, is_secure=is_secure),
        **_account_settings(is_secure=is_secure),
        **mail_settings(),
        "CACHES": _cache_settings(),
        "LOGGING": _logging(),
    }


def database_from_url(url: str) -> dict[str, Any]:
    """Return Django's settings of a PostgreSQL URL; `?host=/folder` names a socket folder."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingError("database URL", str(error)) from None
    if parts.scheme not in ("postgresql", "postgres") or len(parts.path) < 2:
        raise SettingError("database URL", "must be postgresql://user:password@host:port/name")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": port or "",
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "seatkeep", **options},
    }


def mail_settings() -> dict[str, Any]:
    """Return Django's mail settings from SEATKEEP_SMTP_URL; without it no mail is sent."""
    sender = env_str("SEATKEEP_MAIL_FROM", default="Seatkeep <seatkeep@localhost>")
    url = env_url("SEATKEEP_SMTP_URL", default="", schemes=("smtp", "smtps", "smtp+tls"))
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend", "DEFAULT_FROM_EMAIL": sender}
    parts = urlsplit(url)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or {"smtps": 465, "smtp+tls": 587}.get(parts.scheme, 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_TIMEOUT": 10,
        "DEFAULT_FROM_EMAIL": sender,
        "SERVER_EMAIL": sender,
    }


def _cache_settings() -> dict[str, Any]:
    backend = "django.core.cache.backends.db.DatabaseCache"
    options = {"MAX_ENTRIES": 100_000}
    key = "seatkeep_webkit.kept.keys.kept_key"
    return {"default": {"BACKEND": backend, "LOCATION": "kept_keptvalue", "KEY_FUNCTION": key, "OPTIONS": options}}


def _template_settings() -> dict[str, Any]:
    processors = [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
        "seatkeep_webkit.navigation.shell",
    ]
    engine = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": processors},
    }
    return {"TEMPLATES": [engine], "FORM_RENDERER": "seatkeep_webkit.forms.FormRenderer"}


def _static_settings() -> dict[str, Any]:
    return {
        "STATIC_URL": "/static/",
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "seatkeep_webkit.staticfiles.VersionedStaticFilesStorage"},
        },
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_AUTOREFRESH": False,
        "WHITENOISE_MAX_AGE": 7 * 24 * 3600,
    }


def _language_settings() -> dict[str, Any]:
    return {
        "USE_TZ": True,
        "USE_I18N": True,
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en",
        "FORMAT_MODULE_PATH": ["seatkeep_webkit.formats"],
        "LANGUAGES": [("en", _("English"))],
        "WEBKIT_DEFAULT_TIME_ZONE": env_str("SEATKEEP_TIME_ZONE", default="UTC"),
    }


def _cookie_settings(program: str, site_url: str, *, is_secure: bool) -> dict[str, Any]:
    return {
        "SESSION_COOKIE_NAME": f"seatkeep_{program}",
        "SESSION_COOKIE_SECURE": is_secure,
        "SESSION_COOKIE_AGE": 14 * 24 * 3600,
        "CSRF_COOKIE_NAME": f"seatkeep_{program}_csrf",
        "CSRF_COOKIE_SECURE": is_secure,
        "CSRF_TRUSTED_ORIGINS": [site_url],
        "LANGUAGE_COOKIE_NAME": "seatkeep_language",
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "SECURE_HSTS_SECONDS": 365 * 24 * 3600 if is_secure else 0,
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
    }


def _account_settings(*, is_secure: bool) -> dict[str, Any]:
    return {
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "PASSWORD_HASHERS": [
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        ],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
            {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
        ],
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "/",
        "ACCOUNT_LOGOUT_REDIRECT_URL": "/accounts/login/",
        "ACCOUNT_ADAPTER": "seatkeep_webkit.accounts.AccountAdapter",
        "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*"],
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_EMAIL_NOTIFICATIONS": True,
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 900,
        "ACCOUNT_SESSION_REMEMBER": True,
        "MFA_ADAPTER": "seatkeep_webkit.accounts.MfaAdapter",
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_PASSKEY_LOGIN_ENABLED": True,
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": not is_secure,
        "MFA_TOTP_ISSUER": "Seatkeep",
        "MFA_RECOVERY_CODE_COUNT": 10,
    }


def _logging() -> dict[str, Any]:
    level = os.environ.get("SEATKEEP_LOG_LEVEL", "INFO").upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": level, "propagate": False},
            # What is registered at every start says nothing that the code does not.
            "procrastinate.blueprints": {"level": "WARNING"},
            "procrastinate.periodic": {"level": "WARNING"},
        },
    }
