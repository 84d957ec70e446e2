"""The matrix of who may read what, as a page."""

from typing import Final

from contracts.access import DOORS, LASTS, MATRIX, Access, Part, Relation
from contracts.render.tables import NOTE

MARKS: Final = {Access.ALLOWED: "✓", Access.ON_RECORD: "R", Access.DENIED: "–"}
HEAD: Final = """
谁可以查阅一件事项的哪些内容，由查阅人所在单位与该事项的关系决定，不由账号角色单独决定。同时具有几种关系的，取其最宽。
「✓」可阅；「R」须说明用途，查阅前即留痕；「–」不可。凡打开自由文本（诉求内容、反馈内容）的，同样留痕。

What may be read of a case follows from the relation of the caller's office to it, and not from a role alone. Whoever
stands in several relations reads what any of them gives. ✓: yes. R: with `?purpose=CODE`, a code of the policy's
`purposes.yaml`, and on record before the answer leaves. –: no. Free text (summary, answers) that is opened is put on
record too, without a purpose.

To whoever has no relation the case does not exist: 404, and lists leave it out. So it is with another office's
referral that one may not see. Who may know of a thing and asks for more of it than is given gets 403 `not_allowed`; of
a case's fields they are left out. What an event has not told yet is not there
yet: a referral that was dispatched a moment ago opens the case as soon as intake has heard of it.
""".strip()


def page() -> str:
    relations, parts = list(Relation), list(Part)
    parts_head = " | ".join(f"{one.zh}<br>{one.en}" for one in relations)
    return "\n".join(
        [
            "# 查阅权限 Who may read what",
            "",
            NOTE,
            HEAD,
            "",
            f"| | {parts_head} |",
            "|---" * (len(relations) + 1) + "|",
            *(
                f"| **{part.zh}**<br>{part.en} | {' | '.join(MARKS[MATRIX[one][part]] for one in relations)} |"
                for part in parts
            ),
            "",
            "## 关系 Relations",
            "",
            "| code | 关系 | 何人、何时 | who, and how long |",
            "|---|---|---|---|",
            *(f"| `{one.value}` | {one.zh}<br>{one.en} | {LASTS[one].zh} | {LASTS[one].en} |" for one in relations),
            "",
            "## 入口 Doors",
            "",
            "`{key}` is a case's id or number.",
            "",
            "| code | 内容 | doors |",
            "|---|---|---|",
            *(f"| `{part.value}` | {part.zh}<br>{part.en} | {'<br>'.join(DOORS[part])} |" for part in parts),
            "",
        ]
    )
