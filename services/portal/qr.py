"""A QR code as an image that stands in the page: black on white, whatever colours the page has."""

import segno
from markupsafe import Markup


def qr_code(text: str, label: str) -> Markup:
    """The library escapes the label."""
    made = segno.make(text, error="m", micro=False)
    drawn = made.svg_inline(scale=4, border=4, dark="#000", light="#fff", title=label, omitsize=True, svgclass="qr")
    return Markup(drawn)  # noqa: S704 -- made of numbers and an escaped label
