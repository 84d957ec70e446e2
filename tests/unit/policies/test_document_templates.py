"""Templates of the shipped packs are whole, and a wrong one is named with its line."""

from pathlib import Path

import pytest

from contracts.documents import DocumentKind
from libraries.policies import load_policy
from libraries.policies.document_templates import FACTS, DocumentTemplate, filled, text_faults
from libraries.policies.documents import document_templates
from libraries.policies.rows import Fault, read_rows
from services.intake.domain.documents import document_number, made
from tests.packs import PACKS, SHIPPED


@pytest.mark.parametrize("kind", DocumentKind)
@pytest.mark.parametrize("pack", SHIPPED)
def test_every_kind_is_there_in_both_languages_and_shows_each_fact(pack: str, kind: DocumentKind) -> None:
    template = load_policy(PACKS / pack).documents[kind]
    assert template.zh == kind.zh
    papers = made(template, {name: (f"甲{name}", f"en-{name}") for name in FACTS[kind]})
    assert papers.en is not None
    for paper, begins in ((papers.zh, "甲"), (papers.en, "en-")):
        assert [row.value for row in paper.rows] == [begins + name for name in template.shows]
        assert paper.paragraphs
        assert not any("{" in text or "}" in text for text in paper.lines())


def test_what_a_fact_says_is_no_place_and_runs_nothing() -> None:
    assert filled("{a}、{b}", {"a": "{b}{{7*7}}", "b": "{a.__class__}"}) == "{b}{{7*7}}、{a.__class__}"
    known = FACTS[DocumentKind.DECLINE]
    assert text_faults("{number.__class__}", known)
    assert text_faults("{missing}", known)
    assert text_faults("{ number", known)
    assert text_faults("{number}：{reason}", known) == []


def read(folder: Path, text: str) -> tuple[dict[DocumentKind, DocumentTemplate], list[Fault]]:
    faults: list[Fault] = []
    (folder / "documents.yaml").write_text(text, "utf-8")
    return document_templates(list(read_rows(folder, "documents.yaml", faults))), faults


def test_each_fault_of_a_template_is_named(tmp_path: Path) -> None:
    text = (
        "- {kind: receipt, zh: 回执, en: Receipt, shows: [number, missing], text_zh: ['{numbr}'], text_en: ['{']}\n"
        "- {kind: notice, zh: 告知书, en: Notice, text_zh: [好]}\n"
        "- {kind: notice, zh: 告知书}\n"
        "- {kind: letter, zh: 信, text_zh: 好, texts: 1}\n"
    )
    _, faults = read(tmp_path, text)
    told = {(fault.line, fault.reason.split(":")[0]) for fault in faults}
    assert {
        (1, "shows missing"),
        (1, "text_zh {numbr}"),
        (1, "text_en a brace stands alone"),
        (2, "en and text_en belong together"),
        (3, "text_zh is missing"),
    } <= told
    assert {fault.line for fault in faults} == {1, 2, 3, 4}


def test_a_pack_may_have_a_kind_in_chinese_only_and_one_paragraph_with_commas(tmp_path: Path) -> None:
    found, faults = read(tmp_path, "- {kind: receipt, zh: 回执, text_zh: '甲, 乙'}\n")
    assert faults == []
    assert found[DocumentKind.RECEIPT].text_zh == ("甲, 乙",)


def test_documents_of_a_case_are_numbered() -> None:
    assert document_number("130722-20260303-00001-5", 1) == "130722-20260303-00001-5-文01"
