"""A policy is refused while clocks run where it knows nobody: notify counts them by area, by office, and by both."""

from libraries.ids import new_id
from services.notify.open_work import OpenWork
from tests.integration.notify.harness import OFFICE, Notify, facts, started


async def test_what_runs_is_counted_by_area_by_office_and_by_an_office_in_one_area(notify: Notify) -> None:
    await notify.consumes(started(facts(new_id())), started(facts(new_id())))
    ((area,),) = await notify.rows("SELECT DISTINCT area FROM timers")
    open_work = OpenWork(engine=notify.engine).by_code
    both, elsewhere = f"{OFFICE}/{area}", f"{OFFICE}/130722999000"
    assert await open_work([area, OFFICE, both, elsewhere, "health-130722000000"]) == {area: 2, OFFICE: 2, both: 2}
    assert await open_work([]) == {}
