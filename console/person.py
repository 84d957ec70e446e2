"""`yimen person`: what an installation holds of people."""

import asyncio
import getpass
import sys
from collections.abc import Sequence

import click
import msgspec

from console.erasures import Erasure, append
from console.in_force import policy_in_force
from console.main import echo, quiet
from console.target import Target, of_installation
from contracts.refusals import Refused
from libraries.runtime.clock import Clock
from libraries.runtime.database.engine import open_engine, transaction
from services.intake import store
from services.intake.domain.numbers import id_or_number
from services.intake.erasing import erase as erase_case


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one case."""

    case: str
    erased: bool
    code: str = ""
    detail: str = ""


@click.group()
def person() -> None:
    """People in the cases of an installation."""


@person.command()
@click.option("--case", "numbers", multiple=True, required=True, help="Number or id of a case; may be repeated.")
@click.option("--reason", required=True, help="A reason of the policy for erasing, for example erasure_request.")
@click.option("--yes", is_flag=True, help="Do not ask: what is erased cannot be brought back.")
@click.option("--json", "as_json", is_flag=True)
@of_installation
def erase(*, target: Target, numbers: tuple[str, ...], reason: str, yes: bool, as_json: bool) -> None:
    """Destroy the keys of cases that are over: applicant, summary and the texts of offices cannot be read any more.

    What happened stays on record, without the person. Backups hold the keys until they are overwritten: the ids go to
    YIMEN_ERASURE_LIST, by which `yimen restore` erases them again.
    """
    quiet()
    if target.settings.erasure_list is None:
        raise click.UsageError(
            "set YIMEN_ERASURE_LIST to a file outside the database and its backups: a restore erases by it"
        )
    if not yes:
        click.confirm(f"Erase the personal data of {len(numbers)} cases for ever?", abort=True, err=True)
    found = asyncio.run(_erase(target, numbers, reason))
    if as_json:
        echo(msgspec.json.encode(found).decode())
    else:
        for one in found:
            echo(f"{one.case}: {'erased' if one.erased else f'{one.code}: {one.detail}'}")
    if not all(one.erased for one in found):
        sys.exit(1)


async def _erase(target: Target, numbers: Sequence[str], reason: str) -> list[Erased]:
    policy, clock = await policy_in_force(target.settings), Clock.of(target.settings)
    listed = target.settings.erasure_list
    engine = open_engine(target.settings, "intake")
    found = []
    try:
        for number in numbers:
            key = id_or_number(number)
            async with transaction(engine) as conn:
                case = await store.find_case(conn, key) if key is not None else None
                if case is None:
                    found.append(Erased(case=number, erased=False, code="not_found", detail="no such case"))
                    continue
                by = f"console:{getpass.getuser()}"
                done = await erase_case(case.id, conn, policy, reason=reason, at=clock.now(), by=by)
                if not isinstance(done, Refused) and listed is not None:
                    append(listed, Erasure(case_id=case.id, reason=reason, erased_at=clock.now()))
            found.append(_outcome(number, done))
    finally:
        await engine.dispose()
    return found


def _outcome(number: str, done: object) -> Erased:
    if not isinstance(done, Refused):
        return Erased(case=number, erased=True)
    return Erased(case=number, erased=False, code=done.code, detail=done.detail("en"))
