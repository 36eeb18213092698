"""People who sign in: by e-mail, with a language, a time zone and a theme of their own."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any, ClassVar, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from seatkeep_webkit.ids import new_uid

_P = TypeVar("_P", bound="AbstractPerson")


class Theme(models.TextChoices):
    """How the pages look."""

    AUTO = "auto", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of time zones that a person may choose."""
    return tuple(sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC"))


def validate_time_zone(name: str) -> None:
    """Raise ValidationError for a name that is no time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("This is not a time zone, such as Europe/Berlin."), code="time_zone")


class PersonManager(BaseUserManager[_P]):
    """Makes people."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> _P:
        """Save a person; without a password they cannot sign in by one until they set it."""
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> _P:
        """Find by e-mail, whatever its case."""
        return self.get(email=(username or "").lower())


class AbstractPerson(AbstractBaseUser):
    """A person; each project adds what it needs and names it in AUTH_USER_MODEL."""

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    preferences = models.JSONField(default=dict, editable=False)

    objects: ClassVar[PersonManager[Any]] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="%(app_label)s_%(class)s_email_lower"
            ),
            models.CheckConstraint(
                condition=models.Q(theme__in=["auto", "light", "dark"]), name="%(app_label)s_%(class)s_theme"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        """Keep the e-mail address in lower case: it is the login."""
        super().clean()
        self.email = self.email.strip().lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the e-mail address in lower case, whoever writes it."""
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)
