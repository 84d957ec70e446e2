"""Files to attach, made here: nobody's, and no larger than they have to be."""

import io
import zipfile

from PIL import Image


def jpeg(width: int = 640, height: int = 480, *, colour: str = "steelblue") -> bytes:
    """With the place where it was taken, as a phone writes it."""
    made, exif = io.BytesIO(), Image.Exif()
    exif[0x010F], exif[0x8825] = "Phone of nobody", {1: "N", 2: (40.0, 48.0, 0.0)}
    Image.new("RGB", (width, height), colour).save(made, "JPEG", exif=exif)
    return made.getvalue()


def png(width: int = 40, height: int = 30) -> bytes:
    made = io.BytesIO()
    Image.new("RGBA", (width, height), (0, 128, 0, 100)).save(made, "PNG")
    return made.getvalue()


def pdf(size: int = 200) -> bytes:
    begin, end = b"%PDF-1.4\n1 0 obj<<>>endobj\n%", b"\ntrailer<<>>\n%%EOF\n"
    return begin + b"x" * max(0, size - len(begin) - len(end)) + end


def packed(*names: str, content: bytes = b"<x/>") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        for name in names:
            package.writestr(name, content)
    return made.getvalue()


def docx(*more: str) -> bytes:
    return packed("[Content_Types].xml", "word/document.xml", *more)
