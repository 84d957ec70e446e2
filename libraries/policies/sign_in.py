"""Reads sign_in.yaml: as what somebody acts whom an identity provider says to be of a group."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.codes import OF_AN_OFFICE, Role
from contracts.submissions import POST_FORM
from libraries.policies.cells import AREA_FORM, NAME_FORM, Form
from libraries.policies.rows import Row, code_of

GIVEN: Final = (
    Role.CLERK,
    Role.OFFICER,
    Role.HEAD,
    Role.COORDINATOR,
    Role.ASSISTANT,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
)
"""Roles that a group gives; who runs the installation is named on the command line."""
OPEN: Final = re.compile(r"\{(office|area)\}")
GROUP_FORM: Final = Form(
    re.compile(r"(?=.{1,200}\Z)[^{}\x00-\x1f]*(\{(office|area)\}[^{}\x00-\x1f]*)?"),
    "a group has 1 to 200 signs, and {office} or {area} in it once at most",
)
POST: Final = Form(re.compile(f"(?=.{{0,32}}\\Z){POST_FORM[1:-1]}"), "a post is named like window-3")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """Who is of the group holds a post; `{office}` or `{area}` in its name stands for any code there."""

    group: str
    role: Role
    office: str | None
    area: str | None
    post: str
    where: str = ""

    @property
    def open_to(self) -> str:
        """The code that the name of the group says itself: `office`, `area` or none."""
        found = OPEN.search(self.group)
        return found[1] if found is not None else ""

    def of(self, group: str) -> "GroupRow | None":
        """The row with the codes that stand in the name of this group; `None` where it is another group's."""
        if not self.open_to:
            return self if group == self.group else None
        before, after = self.group.split(f"{{{self.open_to}}}")
        code = group[len(before) : len(group) - len(after)]
        if not code or group != f"{before}{code}{after}":
            return None
        return replace(self, office=code) if self.open_to == "office" else replace(self, area=code)


def group_rows(rows: Sequence[Row]) -> tuple[GroupRow, ...]:
    """All that hold: a group may give several posts."""
    found = []
    for row in rows:
        role = code_of(row, "role", Role, row.text("role"))
        one = GroupRow(
            group=_group_of(row),
            role=role or Role.CLERK,
            office=row.code("office", NAME_FORM, "") or None,
            area=row.code("area", AREA_FORM, "") or None,
            post=row.code("post", POST, ""),
            where=row.where,
        )
        if role is not None:
            for fault in _of_row(one):
                row.refuse(fault)
        row.done()
        found.append(one)
    return tuple(found)


def _group_of(row: Row) -> str:
    """As the provider writes it."""
    group = row.text("group")
    if group and not GROUP_FORM.fits(group):
        row.refuse(GROUP_FORM.message, "group")
    return group


def _of_row(one: GroupRow) -> Iterator[str]:
    """What one row shows by itself."""
    has_office = one.office is not None or one.open_to == "office"
    has_area = one.area is not None or one.open_to == "area"
    if one.role not in GIVEN:
        yield f"the role {one.role.value} is no post of a group: it is one of {', '.join(sorted(GIVEN))}"
    if one.role in OF_AN_OFFICE and not has_office:
        yield f"the role {one.role.value} is of an office: name it, or write {{office}} into the group"
    if one.role is Role.ASSISTANT and has_office:
        yield "a village assistant is of a village, and of no office"
    if not has_office and not has_area:
        yield "a post has an office or an area: name one, or write {office} or {area} into the group"
    if (one.open_to == "office" and one.office) or (one.open_to == "area" and one.area):
        yield f"the group says the {one.open_to} itself: leave the key out"
    if one.post and not has_office:
        yield "only a post of an office has a name"
