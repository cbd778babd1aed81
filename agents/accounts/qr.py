"""QR codes as pictures a page may show."""

from __future__ import annotations

import base64
from io import BytesIO

import qrcode
from qrcode.image.svg import SvgPathFillImage


def drawn(text: str) -> str:
    """Return ``text`` as the address of a picture, dark on white in every scheme."""
    buffer = BytesIO()
    qrcode.make(text, image_factory=SvgPathFillImage, border=2).save(buffer)
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"
