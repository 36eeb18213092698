"""Topics of the outbox that tell the publisher which documents to render anew."""

from __future__ import annotations

DEVICE_CHANGED = "document.device"
"""Payload `{"device": id}`: the document of one device."""

GROUP_CHANGED = "document.group"
"""Payload `{"group": id}`: the documents of a group and of every group below it."""

INSTANCE_CHANGED = "document.all"
"""Payload `{}`: every document, with a new version even where nothing changed."""

DEVICE_LEFT_COMPANY = "device.left_company"
"""Payload `{"device": id}`: it stands in another company now, but its broker credentials still name the former one."""

DOCUMENT_TOPICS = (DEVICE_CHANGED, GROUP_CHANGED, INSTANCE_CHANGED)
