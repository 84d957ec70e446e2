"""`python -m console.render`: bring the pages up to date."""

import sys

from console.render import REFERENCE, rendered

for path, text in rendered().items():
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
        sys.stdout.write(f"rendered {path.relative_to(REFERENCE.parents[1])}\n")
