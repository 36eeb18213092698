"""A person and a thing to show in tables."""

from __future__ import annotations

from django.db import models

from seatkeep_webkit.fields import EncryptedBinaryField, EncryptedTextField
from seatkeep_webkit.identity import AbstractPerson
from seatkeep_webkit.ids import new_uid
from seatkeep_webkit.search import SearchField, search_index


class Person(AbstractPerson):
    """The test cast's people."""


class Computer(models.Model):
    """Something with the kinds of columns that real tables have."""

    class State(models.TextChoices):
        """How it is."""

        PROTECTED = "PROTECTED", "Protected"
        SCAN_ONLY = "SCAN_ONLY", "Scan only"
        NOT_PROTECTED = "NOT_PROTECTED", "Not protected"

    uid = models.UUIDField(default=new_uid, unique=True)
    name = models.CharField(max_length=100)
    customer = models.CharField(max_length=100)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PROTECTED)
    detections = models.IntegerField(default=0)
    seen_at = models.DateTimeField(null=True)
    search = SearchField()

    class Meta:
        indexes = [search_index("search", name="testing_computer_search")]

    def __str__(self) -> str:
        return self.name


class Secret(models.Model):
    """Holds encrypted columns."""

    text = EncryptedTextField(null=True)
    other = EncryptedTextField(null=True)
    data = EncryptedBinaryField(null=True)
