"""What lies in a pack by accident or malice is refused with file, line and what to do, all of it in one run."""

import os
import re
import time
from pathlib import Path

import pytest

from contracts.topics import FEEDBACK_PATTERN
from libraries.policies import load_policy
from libraries.policies.cells import ROLE_FORM
from libraries.policies.pack_files import KNOWN
from tests.packs import AREAS, refusals, small_city, write

ROW = "zh: 名, en: Name"
NAMED = "a decision names its rule by this id"
LAWLESS = "source: x, confidence: U"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return small_city(tmp_path)


@pytest.mark.parametrize("role", ["bureau2", "e-gov", "Edu Cation 教育", "Education", "éducation", "a" * 65, "x\u200b"])
def test_a_role_whose_answers_nobody_would_read_is_refused(pack: Path, role: str) -> None:
    text = (pack / "offices.yaml").read_text("utf-8")
    told = refusals(write(pack, "offices.yaml", f"{text}- {{role: {role}, levels: [city], {ROW}}}\n"))
    assert any("a role has only small letters" in fault or "nobody sees" in fault for fault in told)


@pytest.mark.parametrize(("role", "fits"), [("education", True), ("e_gov", True), ("bureau2", False), ("e-gov", False)])
def test_roles_and_topics_go_by_one_pattern(role: str, *, fits: bool) -> None:
    topic = f"departments.{role}-130722000000.feedback.v1"
    assert ROLE_FORM.fits(role) is fits is (re.match(FEEDBACK_PATTERN, topic) is not None)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("rules.yml", "did you mean rules.yaml?"),
        ("Rules.yaml", "did you mean rules.yaml?"),
        ("LIMITS.YAML", "did you mean limits.yaml?"),
        ("limit.yaml", "did you mean limits.yaml?"),
        ("materials.yaml.txt", "did you mean materials.yaml?"),
        ("rules", "did you mean rules.yaml?"),
        ("notes.txt", "it holds pack.yaml, areas.csv"),
        ("calendar 2027.yaml", "did you mean calendars.yaml?"),
        ("rules\u202e.yaml", "did you mean rules.yaml?"),
    ],
)
def test_a_file_that_would_be_overlooked_is_named(pack: Path, name: str, told: str) -> None:
    (fault,) = refusals(write(pack, name, "[]\n"))
    assert f":1: is no file of a pack; {told}" in fault
    assert fault.isprintable()


@pytest.mark.parametrize(
    "name",
    [".git", ".gitignore", "README.md", "LICENSE", "rules.yaml~", ".rules.yaml.swp", "rules.yaml.bak", "~$areas.csv"],
)
@pytest.mark.parametrize("folder", [True, False])
def test_what_people_keep_beside_a_pack_does_no_harm(pack: Path, name: str, *, folder: bool) -> None:
    before = load_policy(pack).version
    if folder:
        (pack / name).mkdir()
        (pack / name / "config").write_text("x")
    else:
        write(pack, name, b"\xff")
    assert load_policy(pack).version == before


def test_a_folder_a_link_a_pipe_and_a_locked_file_are_no_files(pack: Path) -> None:
    (pack / "rules.yaml").mkdir()
    (pack / "limits.yaml").symlink_to(pack / "gone.yaml")
    (pack / "escalation.yaml").symlink_to(pack / "escalation.yaml")
    os.mkfifo(pack / "clocks.yaml")
    (pack / "backup").mkdir()
    holds = f"it holds {', '.join(KNOWN)} and calendar-YYYY.yaml alone"
    assert refusals(pack) == [
        f"city/backup:1: is no file of a pack; {holds} (rename it, or move it elsewhere)",
        "city/clocks.yaml:1: is no ordinary file",
        "city/escalation.yaml:1: cannot be read: too many levels of symbolic links",
        "city/limits.yaml:1: is a link to a file that is not there",
        "city/rules.yaml:1: is a folder, and must be a file",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is locked to root")
def test_a_file_that_may_not_be_read_is_named(pack: Path) -> None:
    (write(pack, "rules.yaml", "[]\n") / "rules.yaml").chmod(0)
    assert refusals(pack) == ["city/rules.yaml:1: cannot be read: permission denied"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- " * 20 + "x\n", "1: nested more than 12 deep"),
        ("[" * 5_000, "1: nested more than 12 deep"),
        ("{a: " * 5_000, "1: nested more than 12 deep"),
        ("- {code: a\x01b}\n", "1: holds a character that nobody sees: U+0001 control character; take it out"),
        ('- {code: "a\\u200bb"}\n', "1: a value holds a character that nobody sees"),
        ('- {code: "a\\0b"}\n', "1: a value holds a character that nobody sees"),
        ("- {null: x}\n", "1: a key must be a name"),
        ("- {~: x}\n", "1: a key must be a name"),
        ("- {? [a, b] : x}\n", "1: a key must be a name"),
        ("- {code: a, code: b}\n", "1: code stands here twice"),
        ("- code: a\n  zh: x\n  code: b\n", "3: code stands here twice"),
        ("- &a {code: x}\n- *a\n", "1: & and * and << are not used in packs: write the values out"),
        ("- {<<: {code: x}}\n", "1: & and * and << are not used in packs: write the values out"),
        ("- !!python/object/apply:os.system [ls]\n", "1: a tag (!) is not used in packs: write the value alone"),
        ("[]\n---\n[]\n", "2: holds two documents: --- stands between them"),
        ("", "1: is empty: leave the file out, or write [] into it"),
        ("# nothing\n", "1: is empty: leave the file out, or write [] into it"),
        ("just text\n", "1: must be a list"),
        ("- {code: [\n", "1: not valid YAML: did not find expected node content"),
        ("- a\n\t- b: {\n", "2: not valid YAML: found a tab character that violates indentation"),
        ("- {code: " + "x" * 5_000 + "}\n", "1: a value is longer than 4000 signs"),
        ("- [a, b]\n", "1: must be a mapping of names to values"),
        ("- {code: not a code, " + ROW + "}\n", "1: code not a code: a code has only small letters, digits and _"),
        ("- {code: ok, " + ROW + ", zn: x}\n", "1: unknown key zn"),
        ("- {code: ok, en: x, zhh: x}\n", "1: unknown key zhh: did you mean zh?"),
    ],
)
def test_what_no_reader_should_swallow_is_named(pack: Path, text: str, told: str) -> None:
    assert f"city/approvers.yaml:{told}" in refusals(write(pack, "approvers.yaml", text))


def test_a_cell_may_be_as_long_as_it_likes_and_is_refused_on_its_line(pack: Path) -> None:
    long = AREAS.replace("镇", "镇" * 200_000)
    assert refusals(write(pack, "areas.csv", long)) == ["city/areas.csv:5: name is longer than 4000 signs"]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} {{<<: [*{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}]}}\n"
    for last, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, "1: & and * and << are not used in packs"),
        ("- {code: x}\n" * 9_000_000, "1: is larger than 1 MiB"),
        ("- {code: x}\n" * 80_000, "holds more than 100000 values"),
        ("- {a: &" + "x" * 1_000_000 + " 1}\n", "1: "),
        ("? " * 400_000, "1: nested more than 12 deep"),
        ("'" * 999_999, "1: "),
        ("{" + "a: b, " * 160_000, "1: "),
    ],
    ids=["bomb", "100 MB", "values", "anchor", "keys", "quotes", "flow"],
)
@pytest.mark.timeout(60)
def test_nothing_is_read_without_bound(pack: Path, text: str, told: str) -> None:
    write(pack, "rules.yaml", text)
    before = time.process_time()
    faults = refusals(pack)
    assert time.process_time() - before < 5
    assert any(told in fault for fault in faults)
    assert all(fault.startswith("city/rules.yaml:") for fault in faults)


@pytest.mark.parametrize(
    ("parent", "told"),
    [
        ("../elsewhere", "parent ../elsewhere: is the name of a folder beside this one"),
        ("/etc", "parent /etc: is the name of a folder beside this one"),
        ("..", "parent ..: is the name of a folder beside this one"),
        ("Hebei", "parent Hebei: is the name of a folder beside this one"),
        ("city", "parent city: the packs inherit in a circle"),
        ("[hebei]", "parent must be text"),
    ],
)
def test_a_parent_is_a_folder_beside_the_pack(pack: Path, parent: str, told: str) -> None:
    text = (pack / "pack.yaml").read_text("utf-8").replace("parent: hebei", f"parent: {parent}")
    assert any(f"city/pack.yaml:2: {told}" in fault for fault in refusals(write(pack, "pack.yaml", text)))


def test_a_circle_and_a_chain_without_end_are_told_where_they_begin(pack: Path) -> None:
    write(pack.parent / "national", "pack.yaml", "name: national\nparent: hebei\neffective_from: 2026-01-01\n")
    assert "national/pack.yaml:2: parent hebei: the packs inherit in a circle" in refusals(pack)
    for number in range(12):
        (pack.parent / f"p{number}").mkdir()
        head = f"name: p{number}\nparent: p{number + 1}\neffective_from: 2026-01-01\n"
        write(pack.parent / f"p{number}", "pack.yaml", head)
    told = refusals(pack.parent / "p0")
    assert "p7/pack.yaml:2: parent p8: more than 8 packs inherit from each other" in told


def test_every_key_of_a_pack_is_known(pack: Path) -> None:
    text = (pack / "pack.yaml").read_text("utf-8")
    told = refusals(write(pack, "pack.yaml", f"{text}acepted_by_clerk: [petition.request]\nname: town\n"))
    assert told == [
        "city/pack.yaml:6: unknown key acepted_by_clerk: did you mean accepted_by_clerk?",
        "city/pack.yaml:7: name stands here twice",
    ]


def test_what_stands_twice_is_refused_where_it_stands_the_second_time(pack: Path) -> None:
    rule = "- {id: same, categories: [petition.simple], lead: petition}\n"
    write(pack, "rules.yaml", rule + rule + "- {id: category.petition.simple, lead: petition}\n")
    above = f"- {{clock: callback, limit: 2wd, {LAWLESS}}}\n"
    write(pack, "limits.yaml", above + above + f"- {{clock: callback, field: petition, limit: 1wd, {LAWLESS}}}\n")
    write(pack, "areas.csv", AREAS + "130722100000,镇,township,130722\n")
    write(pack, "categories.csv", CATEGORY + CATEGORY.splitlines()[1] + "\n")
    assert refusals(pack) == [
        "city/areas.csv:6: area 130722100 stands here twice for the same days",
        "city/categories.csv:3: category petition.new stands here twice",
        f"city/categories.csv:3: rule category.petition.new stands already in city/categories.csv:2: {NAMED}",
        "city/limits.yaml:2: never counts: city/limits.yaml:1 stands above it and fits the same matters",
        "city/limits.yaml:3: never counts: city/limits.yaml:1 stands above it and fits the same matters",
        f"city/rules.yaml:2: rule same stands already in city/rules.yaml:1: {NAMED}",
        f"national/categories.csv:31: rule category.petition.simple stands already in city/rules.yaml:3: {NAMED}",
    ]


CATEGORY = """\
code,zh,en,lead_role,co_roles,handling_limit,extension,statutory,source,article,confidence
petition.new,新,New,petition,,5wd,,no,x,,U
"""


def test_a_misspelt_column_does_not_drop_what_stands_in_it(pack: Path) -> None:
    told = refusals(write(pack, "categories.csv", CATEGORY.replace("extension", "extention")))
    assert told == ["city/categories.csv:1: unknown column extention: did you mean extension?"]


def test_all_faults_of_all_files_are_told_in_one_run(pack: Path) -> None:
    write(pack, "rules.yaml", "- {id: a, lead: petition, copys: [health]}\n- {id: b, leed: petition}\n")
    write(pack, "limits.yml", "[]\n")
    write(pack, "reasons.yaml", "- {code: a, for: [hold], zh: x, en: x, stops: [siesta]}\n- [\n")
    write(pack, "areas.csv", AREAS.replace("town", "twon"))
    write(pack, "pack.yaml", (pack / "pack.yaml").read_text("utf-8").replace("en: city", "enn: city"))
    files = {fault.partition(":")[0] for fault in refusals(pack)}
    assert files == {"city/limits.yml", "city/reasons.yaml"}, "others cannot be held against a file nobody can read"
    write(pack, "reasons.yaml", "- {code: a, for: [hold], zh: x, en: x, stops: [siesta]}\n")
    told = [fault for fault in refusals(pack) if "no office has the role" not in fault]
    assert told == [
        "city/areas.csv:5: unknown level twonship",
        "city/limits.yml:1: is no file of a pack; did you mean limits.yaml? (rename it, or move it elsewhere)",
        "city/pack.yaml:4: unknown key enn: did you mean en?",
        "city/reasons.yaml:1: unknown stops siesta",
        "city/rules.yaml:1: unknown key copys: did you mean copies?",
        "city/rules.yaml:2: lead is missing",
        "city/rules.yaml:2: unknown key leed: did you mean lead?",
    ]


def test_more_faults_than_anybody_reads_are_counted(pack: Path) -> None:
    told = refusals(write(pack, "areas.csv", AREAS + "x,y,z,\n" * 1_000))
    assert len(told) == 201
    assert told[0] == "city/areas.csv:1: 800 more faults"
