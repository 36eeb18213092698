"""Tasks in words."""

from __future__ import annotations

from django import template

from seatkeep_manager.console.task_words import task_words
from seatkeep_manager.tasks.models import ClientTask

register = template.Library()


@register.filter
def task_kind(task: ClientTask) -> str:
    """What a task does: `{{ row|task_kind }}`."""
    return task_words(task)
