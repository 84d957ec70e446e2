"""The figures of the trade equal what a slow recomputation finds in the events alone."""

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from click.testing import CliRunner, Result

from console.main import main
from contracts.codes import WORK, ClockKind, Exclusion, Figure, ReferralRole, Sending
from contracts.events import CaseBound
from contracts.events import cases as c
from contracts.events import referrals as r
from contracts.events.clocks import clocks_in
from libraries.runtime.database.engine import transaction
from libraries.runtime.web.auth import Role
from services.notify.figures.measures import Asked, list_excluded, measure
from tests.integration.notify.api import application
from tests.integration.notify.harness import NOW, OFFICE, Notify
from tests.integration.notify.test_escalation_queries import token
from tests.integration.web import KEY
from tests.life_cycles import DAY, MATTERS, OFFICES, Life, lives
from tests.sockets import listening

BEGIN = NOW
END = NOW + 45 * DAY
Verdict = int | Exclusion


@dataclass(frozen=True)
class Line:
    """One thing that a figure looks at."""

    figure: Figure
    office: str
    at: datetime
    verdict: Verdict


class Told:
    """All that was said of one referral in one round, as it was said."""

    def __init__(self, first: r.ReferralDispatched, events: list[CaseBound], number: int) -> None:
        self.first, self.events, self.number = first, events, number

    def of(self, *kinds: type[CaseBound]) -> Any:
        return next((event for event in self.events if isinstance(event, kinds)), None)

    def due(self, *kinds: ClockKind) -> tuple[bool, datetime | None]:
        told = [
            clock
            for event in self.events
            for clock in clocks_in(event)
            if clock.kind in kinds and hasattr(clock, "due_at")
        ]
        return bool(told), told[-1].due_at if told else None

    @property
    def began(self) -> datetime:
        return self.first.at if self.number == self.first.round else self.of(r.ReferralReworkRequested).at


def told(life: Life) -> Iterator[Told]:
    rounds: dict[tuple[UUID, int], list[CaseBound]] = defaultdict(list)
    firsts: dict[UUID, r.ReferralDispatched] = {}
    now: dict[UUID, int] = {}
    for event in life.routing:
        if isinstance(event, r.ReferralEvent):
            if isinstance(event, r.ReferralDispatched):
                firsts[event.referral_id] = event
            now[event.referral_id] = event.round
            rounds[event.referral_id, event.round].append(event)
        else:
            for clock in clocks_in(event):
                referral = getattr(clock, "referral_id", None)
                if referral is not None:
                    rounds[referral, now[referral]].append(event)
    for (referral, number), events in rounds.items():
        yield Told(firsts[referral], events, number)


class Facts:
    """What the words of one round come to."""

    def __init__(self, one: Told, now: datetime) -> None:
        self.one, self.now, of = one, now, one.of
        self.done, self.failed, self.cancelled = of(r.ReferralCompleted), of(r.ReferralFailed), of(r.ReferralCancelled)
        self.asked, self.returned = of(r.ReferralReturnRequested), of(r.ReferralReturned)
        self.moved = of(r.ReferralReassigned)
        ends = (self.done, self.failed, self.returned, self.cancelled)
        self.ended = [event for event in ends if event is not None]
        self.info, self.check = (one.first.role is role for role in (ReferralRole.INFO, ReferralRole.CHECK))
        self.again = one.number > 1
        self.why = self.cancelled.reason if self.cancelled is not None else ""
        self.limited, self.due = one.due(*WORK)
        self.late = any(
            clock.kind in WORK and clock.due_at is not None and clock.due_at < event.at
            for event in one.events
            if isinstance(event, (r.ReferralDispatched, r.ReferralReworkRequested))
            for clock in clocks_in(event)
            if hasattr(clock, "due_at")
        )
        self.talk = one.first.category == "civil_affairs.consultation"
        self.wrong = self.returned is not None or self.moved is not None
        self.gone = (
            (self.info, Exclusion.COPY),
            (self.check, Exclusion.CHECK),
            (self.why == "case_withdrawn", Exclusion.WITHDRAWN),
            (self.why == "case_merged", Exclusion.MERGED),
            (self.cancelled is not None and self.moved is None, Exclusion.TAKEN_BACK),
        )

    def open_in_time(self, due: datetime | None) -> bool:
        return not self.ended and due is not None and self.now <= due


def judged(number: int, *asked_in_order: tuple[bool, Exclusion]) -> Verdict:
    return next((code for holds, code in asked_in_order if holds), number)


def of_referral(one: Told, now: datetime) -> Iterator[tuple[Figure, datetime | None, Verdict]]:
    known = Facts(one, now)
    yield from of_sending(one, known)
    yield from of_work(one, known)


def of_sending(one: Told, known: Facts) -> Iterator[tuple[Figure, datetime | None, Verdict]]:
    taken = one.number > one.first.round or one.of(
        r.ReferralAccepted, r.ReferralDeemedAccepted, r.ReferralReturnRefused, r.ReferralProgressReported,
        r.ReferralOnHold, r.ReferralExtensionRequested, r.ReferralExtended, r.ReferralCompleted, r.ReferralReassigned,
    )  # fmt: skip
    decided = known.returned or one.of(r.ReferralReturnRefused) or known.cancelled
    right = judged(
        int(not known.wrong),
        *known.gone,
        (one.first.sent_as is not Sending.DISPATCH, Exclusion.CHOSEN_BY_LEAD),
        (known.again, Exclusion.LATER_ROUND),
        (known.asked is not None and decided is None, Exclusion.RETURN_PENDING),
        (not taken and not known.ended, Exclusion.NOT_TAKEN_YET),
    )
    yield Figure.DISPATCH_ACCURACY, one.began, right
    back = judged(int(known.asked is not None), *known.gone, (known.again, Exclusion.LATER_ROUND))
    yield Figure.RETURN_RATE, one.began, back
    signs, due = one.due(ClockKind.SIGNING)
    word = one.of(r.ReferralSigned, r.ReferralAccepted)
    signed = judged(
        int(word is not None and due is not None and word.at <= due),
        *known.gone,
        (not signs, Exclusion.NO_LIMIT),
        (word is None and known.open_in_time(due), Exclusion.OPEN_IN_TIME),
    )
    yield Figure.SIGNED_IN_TIME, one.began, signed


def of_work(one: Told, known: Facts) -> Iterator[tuple[Figure, datetime | None, Verdict]]:
    due, done = known.due, known.done
    timed = (not known.limited, Exclusion.NO_LIMIT), (known.late, Exclusion.CAME_LATE)
    stands = not known.ended and due is None
    in_time = judged(
        int(done is not None and (due is None or done.at <= due)),
        *known.gone[:2],
        (known.talk, Exclusion.CONSULTATION),
        *known.gone[2:4],
        (known.wrong, Exclusion.WRONG_OFFICE),
        (known.cancelled is not None, Exclusion.TAKEN_BACK),
        *timed,
        (known.failed is not None, Exclusion.FAILED),
        (stands, Exclusion.ON_HOLD),
        (known.open_in_time(due), Exclusion.OPEN_IN_TIME),
    )
    yield Figure.ENDED_IN_TIME, known.ended[0].at if known.ended else due or one.began, in_time
    longer = judged(
        int(one.of(r.ReferralExtended) is not None),
        *known.gone[:2],
        (known.talk, Exclusion.CONSULTATION),
        timed[0],
    )
    over = done or known.failed
    yield Figure.EXTENSION_RATE, over.at if over is not None else None, longer
    own = (event for event in one.events if isinstance(event, r.ReferralEvent) and event.feedback_id is not None)
    formal = (r.ReferralSigned, r.ReferralAccepted, r.ReferralReassigned)
    answer = next((event for event in own if not isinstance(event, formal)), None)
    answered = judged(
        int(answer is not None and (due is None or answer.at <= due)),
        *known.gone,
        (known.talk, Exclusion.CONSULTATION),
        *timed,
        (answer is None and stands, Exclusion.ON_HOLD),
        (answer is None and known.open_in_time(due), Exclusion.OPEN_IN_TIME),
    )
    yield Figure.RESPONSE_RATE, one.began, answered


def of_case(life: Life) -> Iterator[tuple[Figure, str, datetime | None, Verdict]]:
    rounds: dict[int, list[CaseBound]] = {1: []}
    for event in life.intake:
        rounds[max(rounds)].append(event)  # what reopens it ends the round
        if isinstance(event, c.CaseReopened):
            rounds[event.round] = []
    for number, events in rounds.items():
        leads = [event for event in life.routing if isinstance(event, r.ReferralEvent) and event.round == number]
        leads = [event for event in leads if event.role is ReferralRole.LEAD]
        sendings = [event for event in leads if isinstance(event, (r.ReferralDispatched, r.ReferralReworkRequested))]
        returned = any(isinstance(event, r.ReferralReturned) for event in leads)
        by = {type(event): event for event in events}
        order: tuple[tuple[type[CaseBound], str], ...] = (
            (c.CaseMerged, "merged_at"),
            (c.CaseWithdrawn, "withdrawn_at"),
            (c.CaseTerminated, "terminated_at"),
            (c.CaseReopened, "reopened_at"),
            (c.CaseClosed, "closed_at"),
            (c.CaseResolved, "resolved_at"),
        )
        at = next((getattr(by[kind], name) for kind, name in order if kind in by), None)
        office = sendings[-1].office if sendings else ""
        reopened, closed = c.CaseReopened in by, by.get(c.CaseClosed)
        out: Exclusion | None = None
        if c.CaseWithdrawn in by:
            out = Exclusion.WITHDRAWN
        elif c.CaseMerged in by:
            out = Exclusion.MERGED
        elif not reopened and closed is None and c.CaseTerminated not in by:
            out = Exclusion.CALLBACK_OPEN
        elif not sendings:
            out = Exclusion.NEVER_SENT
        kept = closed is not None and not reopened
        opinion = closed.satisfied if isinstance(closed, c.CaseClosed) else None
        yield Figure.SENDINGS, office, at, len(sendings) if out is None else out
        yield Figure.REWORK_RATE, office, at, int(reopened) if out is None else out
        yield Figure.RESOLUTION_RATE, office, at, int(kept) if out is None else out
        first = out or (Exclusion.LATER_ROUND if number > 1 else None)
        yield (
            Figure.DONE_AT_ONCE,
            office,
            at,
            int(kept and len(sendings) == 1 and not returned) if first is None else first,
        )
        silent = out or (Exclusion.NOT_ASKED if opinion is None and not reopened else None)
        yield Figure.SATISFACTION_RATE, office, at, int(opinion is True and not reopened) if silent is None else silent


def recomputed(of: Iterable[Life], now: datetime) -> list[Line]:
    found = []
    for life in of:
        for one in told(life):
            found += [
                Line(figure, one.first.office, at, verdict)
                for figure, at, verdict in of_referral(one, now)
                if at is not None
            ]
        found += [Line(figure, office, at, verdict) for figure, office, at, verdict in of_case(life) if at is not None]
    return found


def summed(lines: Iterable[Line]) -> dict[Figure, tuple[int, int, dict[Exclusion, int]]]:
    found = {}
    known = list(lines)
    for figure in Figure:
        verdicts = [line.verdict for line in known if line.figure is figure]
        counted = [one for one in verdicts if not isinstance(one, Exclusion)]
        left_out = Counter(one for one in verdicts if isinstance(one, Exclusion))
        found[figure] = (sum(counted), len(counted), dict(left_out))
    return found


async def consumed(notify: Notify, all_lives: list[Life], dice: random.Random) -> None:
    """Both topics in batches of any size, each case in its order, one topic ahead of the other by chance."""
    waiting = {
        "intake": [list(life.intake) for life in all_lives],
        "routing": [list(life.routing) for life in all_lives],
    }
    while any(any(rest) for rest in waiting.values()):
        writer = dice.choice(("intake", "routing"))
        batch = []
        for _ in range(dice.choice((1, 40, 300))):
            left = [rest for rest in waiting[writer] if rest]
            if not left:
                break
            batch.append(dice.choice(left).pop(0))
        if batch:
            await notify.consumes(*batch, writer=writer)


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_figures_equal_a_slow_recomputation_from_the_events(notify: Notify, seed: int) -> None:
    all_lives = lives(seed, 150, BEGIN)
    await consumed(notify, all_lives, random.Random(seed))
    for since, until in ((None, None), (BEGIN + 10 * DAY, BEGIN + 25 * DAY)):
        lines = [
            line
            for line in recomputed(all_lives, END)
            if (since is None or line.at >= since) and (until is None or line.at < until)
        ]
        asked = Asked(now=END, since=since, until=until)
        async with transaction(notify.engine) as conn:
            total = (await measure(conn, asked))[""]
            offices = await measure(conn, asked, "office")
        assert {f: (m.numerator, m.denominator, m.excluded) for f, m in total.items()} == summed(lines)
        assert set(offices) <= set(OFFICES)
        for office, figures in offices.items():
            wanted = summed(line for line in lines if line.office == office)
            assert {f: (m.numerator, m.denominator, m.excluded) for f, m in figures.items()} == wanted
    assert {line.verdict for line in lines if isinstance(line.verdict, Exclusion)} >= set(Exclusion) - {
        Exclusion.NEVER_SENT,
        Exclusion.ON_HOLD,
    }, "the lives have nearly everything in them"


async def test_what_is_left_out_can_be_listed_with_its_reason(notify: Notify) -> None:
    all_lives = lives(3, 40, BEGIN)
    await consumed(notify, all_lives, random.Random(3))
    wanted = summed(recomputed(all_lives, END))
    async with transaction(notify.engine) as conn:
        for figure in Figure:
            after, seen = (str(UUID(int=0)), 0), Counter[str]()
            while page := await list_excluded(conn, Asked(now=END), figure, reason=None, after=after, limit=7):
                seen.update(row["verdict"] for row in page)
                after = str(page[-1]["key"]), page[-1]["round"]
            assert seen == Counter({str(code): number for code, number in wanted[figure][2].items()})


@pytest.fixture
async def http(notify: Notify) -> AsyncIterator[httpx.AsyncClient]:
    app = application(notify, now=END)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify") as client:
        client.headers.update(token())
        yield client


async def test_a_county_ranks_its_offices_and_nothing_is_null_not_zero(notify: Notify, http: httpx.AsyncClient) -> None:
    nothing = (await http.get("/v1/performance")).json()
    assert {one["ratio"] for one in nothing["total"]["figures"]} == {None}
    await consumed(notify, lives(4, 60, BEGIN), random.Random(4))
    found = (await http.get("/v1/performance?by=office&area=130722000000&rank=ended_in_time")).json()
    ratios = [
        figure["ratio"]
        for group in found["groups"]
        for figure in group["figures"]
        if figure["figure"] == "ended_in_time" and figure["ratio"] is not None
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert found["groups"][0]["rank"] == 1
    assert len(found["definitions"]) == len(Figure)
    for by in ("field", "area", "category"):
        groups = (await http.get("/v1/performance", params={"by": by})).json()["groups"]
        assert groups, by


async def test_who_sees_which_figures(notify: Notify, http: httpx.AsyncClient) -> None:
    await consumed(notify, lives(5, 40, BEGIN), random.Random(5))

    async def offices(headers: dict[str, str]) -> list[str]:
        answer = await http.get("/v1/performance?by=office", headers=headers)
        return [group["key"] for group in answer.json()["groups"]]

    assert await offices(token(Role.OFFICER, office=OFFICE)) == [OFFICE]
    assert len(await offices(token(Role.OPS))) == len(OFFICES)
    other = {"by": "area", "area": "130730"}
    refused = await http.get("/v1/performance", params=other, headers=token(area="130722000000"))
    assert refused.status_code == 403
    assert (await http.get("/v1/performance", headers=token(Role.CLERK, area="130722100000"))).status_code == 403


async def test_all_that_is_wrong_with_a_question_is_named_at_once(http: httpx.AsyncClient) -> None:
    wrong = {
        "office": "nobody",
        "category": "nothing.at_all",
        "since": "2026-03-05T00:00+08:00",
        "until": "2026-03-05T00:00+08:00",
    }
    answer = await http.get("/v1/performance", params=wrong)
    assert answer.status_code == 422
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [
        ("office", "unknown_office"),
        ("category", "unknown_category"),
        ("until", "not_after"),
    ]
    assert (await http.get("/v1/performance/excluded")).status_code == 422
    assert (await http.get("/v1/performance/excluded?figure=sendings&cursor=x")).json()["code"] == "bad_cursor"


async def test_the_command_asks_a_running_service(notify: Notify) -> None:
    await consumed(notify, lives(6, 30, BEGIN), random.Random(6))
    async with listening(application(notify, now=END)) as address:
        urls = {f"YIMEN_{name}_URL": address for name in ("INTAKE", "ROUTING", "NOTIFY")}
        runner = CliRunner(env={"YIMEN_DATA": "nowhere", "YIMEN_TOKEN_KEY": KEY, **urls})

        async def run(*arguments: str) -> Result:
            return await asyncio.to_thread(runner.invoke, main, ["performance", *arguments])

        told = await run("--json", "--by", "office", "--rank", "ended_in_time")
        table = await run("--csv", "--by", "field", "--lang", "en")
        drawn = await run()
        refused = await run("--office", "nobody")
    assert len(json.loads(told.stdout)["groups"]) == len(OFFICES)
    assert table.stdout.count("\n") == 1 + len(Figure) * (1 + len({matter[1] for matter in MATTERS}))
    assert "按时办结率" in drawn.stdout
    assert (refused.exit_code, "unknown_office" in refused.stderr) == (1, True)
