"""`yimen case` as somebody at a terminal meets it: what is drawn of a case, and what a wrong call is told."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import jwt
import msgspec
import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from console import endpoints
from console.case.fetching import CaseOverview, in_order
from console.case.rendering import render_case, render_time
from console.case.services import find_services
from console.date_format import lines_by_day
from console.installation import Installation
from console.main import main
from contracts.clocks import ClockMet, ClockStarted
from contracts.codes import ClockKind
from contracts.events import CaseBound
from libraries.deadlines.rendering import source_in
from libraries.runtime.web.auth import ALGORITHM, ISSUER
from services.intake.domain import actions
from services.intake.domain.change import Change
from services.intake.store import TimelineEntry
from services.intake.timeline import own_clocks, to_entries
from tests.civil_time import CIVIL_TIME
from tests.events import of_clocks
from tests.unit.intake import test_holders as stories
from tests.unit.intake.builders import DAY, LEAD, NOW, done, needs_material, policy, registered, window_view

NUMBER = "130722-20260302-00017-7"


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env={"YIMEN_DATA": "nowhere", **environment}).invoke(main, ["case", *arguments])


def entries(*changes: Change) -> list[TimelineEntry]:
    return [entry(event, change) for change in changes for event in change.events]


def entry(event: CaseBound, change: Change) -> TimelineEntry:
    return TimelineEntry(at=change.at, type=event.TYPE, by="window-1", data=msgspec.to_builtins(event))


@pytest.fixture
def overview() -> CaseOverview:
    """Registered, and the applicant was told what is missing."""
    category, missing = needs_material()
    first = registered(category)
    second = done(actions.request_supplement(first.case, NOW + DAY, policy(), missing=missing, override=False))
    story = entries(first, second)
    return CaseOverview(
        case=window_view(second.case, policy()),
        clocks=own_clocks(story, policy()),
        timeline=in_order(to_entries(story, policy())),
    )


def test_a_case_is_told_with_its_dates_and_their_law(overview: CaseOverview) -> None:
    text = "\n".join(render_case(overview, "zh", CIVIL_TIME))
    assert text.startswith(f"{overview.case.number}  待补正\n")
    assert "张北县张北镇" in text
    acceptance = next(line for line in text.splitlines() if line.strip().startswith(ClockKind.ACCEPTANCE.zh))
    assert "暂停计时" in acceptance
    basis = next(clock for clock in overview.clocks if clock.kind is ClockKind.ACCEPTANCE).basis
    assert source_in(basis.source, "zh") in acceptance
    assert "3月2日 周一" in text
    assert "10:00  登记（系统对接）" in text
    assert "一次性告知补正" in text


def test_english_tells_the_same(overview: CaseOverview) -> None:
    text = "\n".join(render_case(overview, "en", CIVIL_TIME))
    assert "Awaiting supplement" in text.splitlines()[0]
    assert "Mon 2 March" in text
    assert "registered (" in text
    assert "told once what is missing" in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_of_the_applicant_is_told(overview: CaseOverview, language: str) -> None:
    assert "张示例" not in "\n".join(render_case(overview, language, CIVIL_TIME))
    assert "张示例" not in msgspec.json.encode(overview).decode()


def test_only_what_runs_is_provisional() -> None:
    late = msgspec.structs.replace(
        stories.a_clock(LEAD, change=ClockStarted), referral_id=None, provisional=True, due_at=NOW + 9 * DAY
    )
    stop = ClockMet(clock_id=late.clock_id, kind=late.kind, version=2, at=NOW)
    events = [of_clocks(LEAD, NOW, late), of_clocks(LEAD, NOW, stop)]
    lines = [TimelineEntry(at=NOW, type=e.TYPE, by="x", data=msgspec.to_builtins(e)) for e in events]
    assert [clock.provisional for clock in own_clocks(lines[:1], policy())] == [True]
    assert [clock.provisional for clock in own_clocks(lines, policy())] == [False]


def test_a_story_names_the_year_where_it_begins() -> None:
    days = [datetime(2026, 12, 31, 10, tzinfo=CIVIL_TIME), datetime(2027, 1, 4, 10, tzinfo=CIVIL_TIME)]
    lines = list(lines_by_day(((day, "x") for day in (days[0], days[0], days[1], days[1])), CIVIL_TIME))
    assert [line.split("  10:00")[0].strip() for line in lines] == ["12月31日 周四", "", "2027年1月4日 周一", ""]
    assert len({cell_len(line) for line in lines}) == 1
    assert [
        line.split("  10:00")[0].strip() for line in lines_by_day([(days[0], ""), (days[1], "")], CIVIL_TIME, "en")
    ] == [
        "Thu 31 December",
        "Mon 4 January 2027",
    ]


def test_a_clock_that_was_met_late_says_so(overview: CaseOverview) -> None:
    clock = msgspec.structs.replace(overview.clocks[0], late=True)
    text = "\n".join(render_case(msgspec.structs.replace(overview, clocks=[clock]), "zh", CIVIL_TIME))
    assert "超期" in text


def test_who_had_the_time_is_drawn_with_sums() -> None:
    view = stories.spent(
        (0 * DAY, stories.taken_in()),
        (1 * DAY, stories.accepted()),
        (1 * DAY, stories.dispatched()),
        now=3 * DAY,
    )
    zh, en = ("\n".join(render_time(view, language, CIVIL_TIME)) for language in ("zh", "en"))
    assert "全程 3.00 天，其中工作日 3.00 天" in zh
    assert "2026-03-03 10:00  2026-03-05 10:00  张北县教育局" in zh
    assert "Not signed for" in en
    rows = en[en.index("  referral ") :].splitlines()
    assert rows[1].strip().startswith("acceptance, dispatching, callback")
    assert rows[2].split()[-5:] == ["2.00", "0.00", "0.00", "2.00", "2.00"]
    assert "承办段" in zh
    assert "(now)" in en


@pytest.mark.parametrize("command", ["show", "time", "explain"])
@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("130722-20260302-00017-4",), (NUMBER, "--lang", "fr")])
def test_a_wrong_use_exits_with_2(command: str, arguments: tuple[str, ...]) -> None:
    assert run(command, *arguments).exit_code == 2


@pytest.mark.parametrize("command", ["show", "time", "explain"])
def test_without_an_installation_it_says_how_to_have_one(command: str) -> None:
    result = run(command, NUMBER)
    assert result.exit_code == 2
    assert "YIMEN_INTAKE_URL" in result.stderr


def test_a_folder_says_where_its_services_are_and_its_key_opens_them(tmp_path: Path) -> None:
    key = Installation(tmp_path).keys().token_key
    assert find_services(tmp_path) is None
    where = {name: f"http://{name}" for name in ("intake", "routing", "notify", "board", "portal", "kafka", "postgres")}
    endpoints.write(tmp_path, endpoints.Endpoints(**where, tokens={}))
    found = find_services(tmp_path)
    assert found is not None
    assert (found.intake, found.routing) == ("http://intake", "http://routing")
    claims = jwt.decode(found.token, key, algorithms=[ALGORITHM], issuer=ISSUER)
    assert claims["role"] == "ops"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[broken"])
def test_a_service_that_is_away_is_something_wrong(url: str) -> None:
    where = {"YIMEN_INTAKE_URL": url, "YIMEN_ROUTING_URL": url, "YIMEN_TOKEN": "t"}
    result = run("time", NUMBER, "--json", **where)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "unreachable"
    assert "yimen doctor" in result.stderr


def test_a_day_that_ends_a_limit_is_told_as_a_day(overview: CaseOverview) -> None:
    ends = overview.clocks[0].started_at.replace(hour=15, minute=59, second=59, microsecond=999_999) + timedelta(days=1)
    clock = msgspec.structs.replace(overview.clocks[0], due_at=ends)
    text = "\n".join(render_case(msgspec.structs.replace(overview, clocks=[clock]), "zh", CIVIL_TIME))
    assert "至 2026-03-03 24:00" in text
