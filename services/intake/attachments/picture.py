"""Run as a process of its own: a picture on standard input, its thumbnail on standard output, within bounds.

Decoders are large and written in C, and pictures come from anybody: whatever goes wrong ends this process alone.
"""

import io
import sys
from typing import Final

FORMATS: Final = ("JPEG", "PNG", "WEBP")
EDGE: Final = 320
MOST_PIXELS: Final = 64_000_000
MEMORY: Final = 1024 * 1024 * 1024
SECONDS: Final = 10
UNREADABLE, TOO_LARGE = 3, 4


def main() -> int:
    try:
        import resource  # noqa: PLC0415 -- where there is none, the caller's patience is the only bound
    except ImportError:
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from PIL import Image, ImageOps  # noqa: PLC0415 -- within the bounds

    Image.MAX_IMAGE_PIXELS = None  # counted below, before anything is decoded
    try:
        with Image.open(io.BytesIO(sys.stdin.buffer.read()), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return TOO_LARGE
            picture.draft("RGB", (2 * EDGE, 2 * EDGE))
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((EDGE, EDGE))
            plain = Image.new("RGB", upright.size, "white")
            shown = upright.convert("RGBA")
            plain.paste(shown, mask=shown)
            # A new picture: place, camera and whatever else stood in the old one are not in it.
            plain.save(sys.stdout.buffer, "JPEG", quality=80)
    except Exception:  # noqa: BLE001 -- every way in which a decoder can fail means the same
        return UNREADABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
