"""What a window hands out: the receipt with number, code, who handles it and by when; and a new code for a lost one.

The code is told once. It stands in a cookie of this browser for as long as somebody prints it, and nowhere else.
"""

from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from services.portal.look import go_to, page
from services.portal.pages import ROLES, visit
from services.portal.qr import qr_code
from services.portal.reading import read_if_allowed
from services.portal.visits import Call, Visit, home_of

ISSUERS: Final = {ROLES: (Role.CLERK, Role.ASSISTANT)}
COOKIE: Final = "yimen_receipt"
PRINTED_WITHIN_SECONDS: Final = 10 * 60


def keep_code(found: Visit, number: str, code: str) -> None:
    """Until it is printed."""
    found.keeps(COOKIE, f"{number}.{code}", seconds=PRINTED_WITHIN_SECONDS, path="/counter")


def kept_code(request: Call, number: str) -> str:
    """Of this case; empty where it was told another time or to another browser."""
    of, _, code = request.cookies.get(COOKIE, "").partition(".")
    return code if of == number and code.replace("-", "").isdigit() else ""


@get("/counter/cases/{key:str}/receipt", opt=ISSUERS)
async def receipt(request: Call, key: FromPath[str]) -> Response[Any]:
    found = visit(request)
    case = await found.caller.get("intake", f"/v1/cases/{key}")
    issues = await read_if_allowed(found.caller, "intake", f"/v1/cases/{case['case_id']}/receipts")
    address = f"{home_of(request, found.portal)}/status?number={case['number']}"
    return page(
        found,
        "receipt.html",
        path=f"/counter/cases/{key}/receipt",
        case=case,
        secret=kept_code(request, case["number"]),
        address=address,
        drawn=qr_code,
        issues=issues or (),
        may_issue="window" in case["relations"],
        now=found.portal.business_now(),
    )


@post("/counter/cases/{key:str}/receipt", opt=ISSUERS)
async def issue_again(request: Call, key: FromPath[str]) -> Response[Any]:
    found = visit(request)
    issued = await found.caller.post("intake", f"/v1/cases/{key}/receipt", {})
    keep_code(found, issued["number"], issued["receipt"])
    return go_to(found, f"/counter/cases/{issued['number']}/receipt")


RECEIPTS: list[HTTPRouteHandler] = [receipt, issue_again]
