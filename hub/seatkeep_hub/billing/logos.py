"""A logo is looked into before it is kept: what comes out holds nothing but its picture."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, register_namespace, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from seatkeep_hub.billing.enums import LogoType
from seatkeep_hub.billing.errors import LogoError

MAX_BYTES = 256 * 1024
MAX_SIDE = 2000
"""Largest width and height of a PNG, in pixels."""

MAX_SHAPES = 2000
SVG = "http://www.w3.org/2000/svg"
SHAPES = frozenset({
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "defs", "linearGradient",
    "radialGradient", "stop", "clipPath", "title", "desc",
})  # fmt: skip
"""What of an SVG is kept: shapes and colors; no text, picture, style sheet, script, link, animation or reuse."""

ATTRIBUTES = frozenset({
    "id", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "width", "height", "points",
    "viewBox", "preserveAspectRatio", "transform", "offset", "gradientUnits", "gradientTransform", "spreadMethod",
    "clip-path", "clip-rule", "fill", "fill-rule", "fill-opacity", "opacity", "stop-color", "stop-opacity", "stroke",
    "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset",
    "stroke-opacity",
})  # fmt: skip
_LOCAL_URL = re.compile(r"url\(\s*#[\w.-]+\s*\)")
_DECLARATION = re.compile(r"\s*([a-z-]+)\s*:\s*([^;]+)")


def logo_clean(content: bytes) -> tuple[LogoType, bytes]:
    """Look into a logo and write it anew with nothing but its picture.

    Returns:
        What it is, and its bytes.

    Raises:
        LogoError: It is neither PNG nor SVG, too large, or cannot be drawn.

    Source:
        OWASP, File Upload: decide by content, rewrite images, allow-list what an SVG may hold.
    """
    if len(content) > MAX_BYTES:
        raise LogoError(_("At most %(size)s kB.") % {"size": MAX_BYTES // 1024})
    if content.startswith(b"\x89PNG"):
        return LogoType.PNG, _png_clean(content)
    return LogoType.SVG, _svg_clean(content)


def _png_clean(content: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if max(picture.size) > MAX_SIDE:
                raise LogoError(_("At most %(side)s × %(side)s pixels.") % {"side": MAX_SIDE})
            plain = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise LogoError from error
    out = io.BytesIO()
    plain.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _svg_clean(content: bytes) -> bytes:
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise LogoError(_("A logo is a PNG or an SVG file.")) from error
    if root.tag not in (f"{{{SVG}}}svg", "svg"):
        raise LogoError(_("A logo is a PNG or an SVG file."))
    if sum(1 for _one in root.iter()) > MAX_SHAPES:
        raise LogoError(_("At most %(count)s shapes.") % {"count": MAX_SHAPES})
    clean = _shape(root)
    if not {"viewBox", "width"} & clean.attrib.keys() or sum(1 for _one in clean.iter()) == 1:
        raise LogoError(_("This SVG holds no shape that can be drawn, or does not say how large it is."))
    register_namespace("", SVG)
    data: bytes = tostring(clean, encoding="utf-8", xml_declaration=True)
    return data


def _shape(element: Element) -> Element:
    made = Element(f"{{{SVG}}}{_local(element.tag)}", dict(_attributes(element)))
    made.extend(_shape(child) for child in element if isinstance(child.tag, str) and _local(child.tag) in SHAPES)
    return made


def _attributes(element: Element) -> Iterator[tuple[str, str]]:
    given = dict(element.attrib)
    style = given.pop("style", "")
    for name, value in [*given.items(), *_DECLARATION.findall(style)]:
        if name in ATTRIBUTES and _is_harmless(value):
            yield name, value.strip()


def _is_harmless(value: str) -> bool:
    return "(" not in value or "url" not in value.lower() or _LOCAL_URL.fullmatch(value.strip()) is not None


def _local(tag: str) -> str:
    return tag.removeprefix(f"{{{SVG}}}")
