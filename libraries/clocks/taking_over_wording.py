"""What happened to files that serve for a second case, in words."""

from typing import assert_never

from contracts.events.cases import CaseMaterialsTakenOver, CaseTakeOverWithdrawn

Words = tuple[str, str]


def of_taking_over(event: CaseMaterialsTakenOver | CaseTakeOverWithdrawn, materials: Words) -> Words:
    """`materials` are those of the event by their names."""
    zh, en = materials
    match event:
        case CaseMaterialsTakenOver(consent=consent):
            how = consent.en[0].lower() + consent.en[1:]
            return f"沿用以前提交的材料：{zh}（{consent.zh}）", f"taken over from earlier cases: {en} ({how})"
        case CaseTakeOverWithdrawn() if zh:
            return f"撤回沿用材料的同意：{zh}", f"consent to taking over withdrawn: {en}"
        case CaseTakeOverWithdrawn():
            return "撤回沿用材料的同意，所沿用的文件已删除", "consent to taking over withdrawn, the files are gone"
        case _:
            assert_never(event)
