"""What merging and parting make of cases, in words."""

from contracts.events import CaseBound
from contracts.events import cases as c


def of_merging(event: CaseBound) -> tuple[str, str] | None:
    """Chinese and English; `None` for all other events."""
    match event:
        case c.CaseMerged(into_number=number):
            return f"并入 {number} 一并办理", f"merged into {number}"
        case c.CaseUnmerged(survivor_number=number):
            return f"撤销与 {number} 的并案，单独继续办理", f"no longer merged into {number}, goes on by itself"
        case c.CaseDuplicateAdded(duplicate_number=number):
            return f"重复件 {number} 并入本件", f"duplicate {number} was merged into this one"
        case c.CaseDuplicateRemoved(duplicate_number=number):
            return f"{number} 不再并入本件", f"{number} is no longer merged into this one"
        case _:
            return None
