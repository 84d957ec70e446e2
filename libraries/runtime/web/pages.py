"""A page for people that stands by itself: no script, one style that is sealed by its hash, readable when printed."""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import Final

STYLE: Final = """
:root{color-scheme:light dark}
body{margin:0 auto;padding:1.5rem;max-width:52rem;
font:16px/1.6 system-ui,"Noto Sans CJK SC","Noto Sans SC","Microsoft YaHei",sans-serif;
font-variant-numeric:tabular-nums}
h1{font-size:1.4rem;margin:0 0 .5rem}
h2{font-size:1.15rem;margin:2rem 0 .25rem;padding-top:.75rem;border-top:1px solid #8886}
h3{font-size:1rem;margin:1rem 0 .25rem}
p{margin:.15rem 0}
table{border-collapse:collapse;margin:.75rem 0}
caption{text-align:left;font-weight:600}
th,td{padding:.2rem .8rem;text-align:left;vertical-align:top;border-bottom:1px solid #8884}
th{font-weight:500;white-space:nowrap}
td:nth-child(2){text-align:right}
.skipped{opacity:.75}
.skipped td:last-child{font-style:italic}
:focus-visible,:target{outline:3px solid #1f5fa8;outline-offset:4px}
@media print{:root{color-scheme:light}body{padding:0;max-width:none;font-size:11pt}nav{display:none}
thead{display:table-header-group}tr{break-inside:avoid}h2,h3,caption{break-after:avoid}}
"""
SEALED: Final = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
"""The style, as a content security policy names it."""
HEADERS: Final = {
    "content-security-policy": f"default-src 'none'; style-src {SEALED}; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A title in plain text, and what stands in `main`, as HTML in which everything is escaped already."""

    title: str
    main: str

    def document(self, tag: str) -> str:
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(tag)}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n</head>\n"
            f"<body>\n<main>\n{self.main}\n</main>\n</body>\n</html>\n"
        )
