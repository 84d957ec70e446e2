"""`python -m contracts.render`: bring every rendered file up to date, and keep an example that changes."""

import sys

from contracts.render import CONTRACTS, rendered
from contracts.render.examples import keep


def main() -> None:
    files = rendered()
    for path, text in files.items():
        before = path.read_text("utf-8") if path.exists() else None
        if before == text:
            continue
        if before is not None and path.parent == CONTRACTS / "examples":
            keep(path, before)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        sys.stdout.write(f"rendered {path.relative_to(CONTRACTS.parent)}\n")
    for stale in set((CONTRACTS / "schemas").glob("*.json")) - set(files):
        stale.unlink()
        sys.stdout.write(f"removed {stale.relative_to(CONTRACTS.parent)}\n")


main()
