"""The table of Django's database cache; only that cache reads and writes it."""

from __future__ import annotations

from django.db import models


class KeptValue(models.Model):
    """One value until it expires; the key is a digest, because it may hold a secret."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key
