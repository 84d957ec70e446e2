"""How roles and offices are written, wherever a pattern asks: in packs, topics and what reads them."""

from typing import Final

ROLE: Final = "[a-z_]+"
OFFICE: Final = f"{ROLE}-[0-9]{{12}}"
"""`<role>-<area with 12 digits>`, for example `education-130722000000`."""
