"""The catalogues are whole: every text that a page asks for, in both languages, and none that nobody asks for."""

import re
from pathlib import Path
from string import Formatter

from contracts.codes import OF_LEADS
from libraries.policies.message_templates import EVENTS
from services.portal.catalogue import say, texts
from services.portal.coordinator import USES
from services.portal.counter import View
from services.portal.domain.accounts import password_faults
from services.portal.domain.work import ACTS, ANSWERS, Group

ROOM = Path(__file__).parents[3] / "services" / "portal"
ASKED = re.compile(r"""["']([a-z]+\.[a-z_]+)["']""")
MADE = re.compile(r"""["']([a-z]+\.[a-z_]*?)_?["'] ~|f["']([a-z]+\.[a-z_]*?)_?\{""")
"""Keys that are put together: their beginnings."""
FORBIDDEN = re.compile(r"""\|\s*safe|autoescape|<script(?! type="module" src="/static/)|style=|\son[a-z]+=""")


def sources() -> str:
    files = [*ROOM.rglob("*.py"), *(ROOM / "templates").glob("*.html")]
    return "\n".join(path.read_text("utf-8") for path in files)


def test_both_languages_say_the_same_things() -> None:
    zh, en = texts("zh"), texts("en")
    assert list(zh) == list(en)
    for key in zh:
        facts = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (zh[key], en[key])]
        assert facts[0] == facts[1], key
        assert zh[key].strip(), key
        assert en[key].strip(), key


def test_english_has_no_chinese_but_names_and_chinese_no_english_word() -> None:
    chinese = {key for key, text in texts("en").items() if re.search("[\u4e00-\u9fff]", text)}
    assert chinese <= {"page.brand", "inbox.basis_hint", "counter.elsewhere_hint"}
    assert not [key for key, text in texts("zh").items() if re.search("[A-Za-z]{2,}", re.sub(r"\{.*?\}", "", text))]


def test_every_text_that_is_asked_for_is_there_and_every_other_is_gone() -> None:
    source, known = sources(), set(texts("zh"))
    groups = {key.partition(".")[0] for key in known}
    asked = {
        key
        for key in ASKED.findall(source)
        if key.partition(".")[0] in groups and not key.endswith((".html", ".js", "_"))
    }
    begun = tuple({found for pair in MADE.findall(source) for found in pair if found})
    named = asked & known
    assert {key for key in asked - known if not key.startswith(begun)} == set()
    assert {key for key in known - named if not key.startswith(begun)} == set()


def test_keys_that_are_put_together_are_whole() -> None:
    for language in ("zh", "en"):
        answers = {answer for possible in ANSWERS.values() for answer in possible}
        acts = {act.replace("-", "_") for possible in ACTS.values() for act in possible}
        keys = [f"answer.{one}" for one in answers] + [f"inbox.done_{one.replace('-', '_')}" for one in answers]
        keys += [f"act.{one}" for one in acts] + [f"counter.done_{one}" for one in acts]
        keys += [f"inbox.view_{one.value}" for one in Group] + [f"counter.view_{one.value}" for one in View]
        keys += [f"messages.about_{event.replace('.', '_')}" for event in EVENTS]
        keys += [f"inbox.words_{one}" for one in answers - {"sign", "accept", "resume"} - OF_LEADS]
        made = [one.replace("-", "_") for one in USES]
        keys += [f"decision.{one}" for one in made] + [f"coordinator.done_{one}" for one in made]
        keys += [f"login.{fault}" for _, fault in password_faults("", "x", login="a", same_as_before=True)]
        assert [key for key in keys if key not in texts(language)] == []


def test_facts_stand_in_their_places() -> None:
    assert say("zh", "due.left", days=3) == "剩 3 个工作日"
    assert say("en", "due.left", days=3) == "3 working days left"


def test_no_template_marks_anything_as_safe_or_runs_a_script_that_is_no_file_of_ours() -> None:
    for path in (ROOM / "templates").glob("*.html"):
        text = path.read_text("utf-8")
        assert not FORBIDDEN.search(text), path.name


def test_templates_leave_marks_between_words_to_the_language() -> None:
    """A colon of English in a Chinese line is seen at once; `page.colon` has both."""
    found = {
        path.name
        for path in (ROOM / "templates").glob("*.html")
        if re.search(r"(\}\}|</bdi>): ", path.read_text("utf-8"))
    }
    assert found == set()
