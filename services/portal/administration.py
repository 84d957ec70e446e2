"""Administration (管理): the accounts of the own area, their posts, deputies for colleagues on leave, all on record."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.codes import Role
from contracts.personal import is_personal
from libraries.policies.sign_in import GIVEN
from libraries.runtime.database.engine import read_once, transaction
from services.portal import admin_store, places, store
from services.portal.catalogue import say
from services.portal.domain.accounts import Account, Post, is_login, login_of
from services.portal.domain.administration import Act, RequestedPost, leave_of, manages, post_of
from services.portal.forms import Form
from services.portal.keys import name_hash
from services.portal.look import go_to, page
from services.portal.pages import ROLES, error_page, visit
from services.portal.passwords import first_password, hash_password
from services.portal.visits import Call, Visit

ADMINISTRATORS: Final = {ROLES: (Role.ADMINISTRATOR,)}
COOKIE: Final = "yimen_first"
WRITTEN_DOWN_WITHIN_SECONDS: Final = 10 * 60
POST_FIELDS: Final = ("role", "office", "area", "code")


@get("/admin", opt=ADMINISTRATORS)
async def accounts(request: Call) -> Response[Any]:
    found = visit(request)
    words = login_of(request.query_params.get("q", ""))[:40]
    async with read_once(found.portal.engine) as conn:
        listed = await admin_store.list_accounts(conn, _ranges(found), words)
    now = found.portal.now()
    return page(
        found,
        "admin.html",
        path="/admin",
        accounts=[(one, one.held(now)) for one in listed[: admin_store.MOST]],
        more=len(listed) > admin_store.MOST,
        words=words,
    )


def is_managed(found: Visit, account: Account) -> bool:
    """Whether whoever asks may change it now."""
    own = found.signed_in
    return manages(own.post, account, own.account, found.portal.now(), found.policy.within)


def _ranges(found: Visit) -> Any:
    return found.policy.ranges_within(found.signed_in.post.area)


@get("/admin/new", opt=ADMINISTRATORS)
async def new(request: Call) -> Response[Any]:
    return _new(visit(request), Form())


def _new(found: Visit, typed: Form, *, status: int = 200, **values: Any) -> Response[Any]:
    return page(found, "admin_new.html", status=status, path="/admin/new", typed=typed, **_choices(found), **values)


def _choices(found: Visit) -> dict[str, Any]:
    """Roles to give, and the offices of the own area."""
    policy, own = found.policy, found.signed_in.post
    within = [one for one in policy.offices.values() if policy.within(one.area, own.area)]
    return {"roles": GIVEN, "offices": sorted(within, key=lambda one: one.code)}


@post("/admin/new", opt=ADMINISTRATORS)
async def add(request: Call) -> Response[Any]:
    found, form = visit(request), visit(request).form
    login = login_of(form.get("login"))
    wanted, faults = _wanted(found, form)
    if not is_login(login) or is_personal(login):
        faults = {"login": say(found.language, "admin.bad_login"), **faults}
    if faults or wanted is None:
        return _new(found, form, faults=faults, status=422)
    first = first_password()
    hashed, portal = await hash_password(first), found.portal
    try:
        async with transaction(portal.engine) as conn:
            made = await store.add_account(conn, login, hashed, must_change=True, at=portal.now())
            await _note(conn, found, made, Act.ADDED)
            await _give(conn, found, made, wanted)
    except IntegrityError:
        return _new(found, form, faults={"login": say(found.language, "admin.taken")}, status=422)
    _keep_first(found, login, first)
    return go_to(found, f"/admin/accounts/{login}")


def _wanted(found: Visit, form: Form) -> tuple[RequestedPost | None, Mapping[str, str]]:
    """What is wrong stands there in the words of the page."""
    typed = {name: form.get(name) for name in POST_FIELDS}
    fitting = places.find_areas(found.policy, typed["area"]) if typed["area"] else []
    if typed["area"] and len(fitting) != 1:
        key = "counter.area_several" if fitting else "counter.area_unknown"
        return None, {"area": say(found.language, key)}
    typed["area"] = fitting[0][0] if fitting else ""
    wanted, faults = post_of(typed, found.signed_in.post, found.policy)
    return wanted, _said(found, faults)


def _said(found: Visit, faults: Mapping[str, str]) -> Mapping[str, str]:
    return {name: say(found.language, f"admin.{fault}") for name, fault in faults.items()}


async def _note(conn: AsyncConnection, found: Visit, account_id: UUID, act: Act, **about: str) -> None:
    await admin_store.note(conn, account_id, act, by=found.signed_in.account.id, at=found.portal.now(), **about)


async def _give(conn: AsyncConnection, found: Visit, account_id: UUID, wanted: RequestedPost) -> None:
    await store.add_post(conn, account_id, role=wanted.role, office=wanted.office, area=wanted.area, code=wanted.code)
    await _note(conn, found, account_id, Act.POST_ADDED, **_about(wanted))


def _about(given: RequestedPost | Post) -> dict[str, str]:
    return {"role": given.role.value, "office": given.office or "", "area": given.area, "code": given.code}


def _keep_first(found: Visit, login: str, first: str) -> None:
    """Until it is written down."""
    found.keeps(COOKIE, f"{login} {first}", seconds=WRITTEN_DOWN_WITHIN_SECONDS, path="/admin")


@get("/admin/accounts/{login:str}", opt=ADMINISTRATORS)
async def account(request: Call, login: FromPath[str]) -> Response[Any]:
    done = request.query_params.get("done", "")
    told = f"admin.done_{done}" if done in set(Act) else ""
    of, _, first = request.cookies.get(COOKIE, "").partition(" ")
    return await _account(visit(request), login, told=told, first=first if of == login else "")


async def _account(found: Visit, login: str, *, status: int = 200, **values: Any) -> Response[Any]:
    now = found.portal.now()
    async with read_once(found.portal.engine) as conn:
        one = await _find(conn, found, login)
        if one is None:
            return error_page(found, 404)
        done = await admin_store.list_done(conn, one.id)
        sessions = await store.list_sessions(conn, one.id, now)
        absent = {post.deputy_for for post in one.posts if post.deputy_for is not None}
        names = await admin_store.find_names(conn, absent)
    return page(
        found,
        "admin_account.html",
        status=status,
        path=f"/admin/accounts/{login}",
        one=one,
        posts=[post for post in one.posts if post.ends_at is None or post.ends_at > now],
        done=done,
        sessions=sessions,
        names=names,
        mine=is_managed(found, one),
        no_form=Form(),
        **_choices(found),
        **{"typed": Form(), "did": "", "first": "", "told": "", **values},
    )


async def _find(conn: AsyncConnection, found: Visit, login: str) -> Account | None:
    """Of the own area: some post lies in it, or lay."""
    one = await store.find_account(conn, login)
    own = found.signed_in.post.area
    return one if one is not None and any(found.policy.within(post.area, own) for post in one.posts) else None


@post("/admin/accounts/{login:str}/{act:str}", opt=ADMINISTRATORS)
async def act_on_account(request: Call, login: FromPath[str], act: FromPath[str]) -> Response[Any]:
    found = visit(request)
    async with read_once(found.portal.engine) as conn:
        one = await _find(conn, found, login)
    if one is None:
        return error_page(found, 404)
    if not is_managed(found, one):
        return error_page(found, 403, "admin.not_yours")
    match act:
        case "reset" if one.provided:
            return error_page(found, 403, "admin.of_provider")
        case "reset":
            return await _reset(found, one)
        case "disable" | "enable":
            return await _switch(found, one, enabled=act == "enable")
        case "post":
            return await _add_post(found, one)
        case "deputy":
            return await _add_deputy(found, one)
        case "remove":
            return await _remove_post(found, one)
        case _:
            return go_to(found, f"/admin/accounts/{login}")


async def _reset(found: Visit, one: Account) -> Response[Any]:
    """Also unlocks the name: whoever asks for it has seen the person."""
    portal, first = found.portal, first_password()
    hashed = await hash_password(first)
    async with transaction(portal.engine) as conn:
        await store.save_password(conn, one.id, hashed, must_change=True, at=portal.now())
        await store.forget_tries(conn, name_hash(portal.key, one.login))
        await _note(conn, found, one.id, Act.RESET)
    _keep_first(found, one.login, first)
    return _done(found, one, Act.RESET)


def _done(found: Visit, one: Account, act: Act) -> Response[Any]:
    return go_to(found, f"/admin/accounts/{one.login}?done={act.value}")


async def _switch(found: Visit, one: Account, *, enabled: bool) -> Response[Any]:
    act = Act.ENABLED if enabled else Act.DISABLED
    async with transaction(found.portal.engine) as conn:
        await store.disable(conn, one.id, None if enabled else found.portal.now())
        await _note(conn, found, one.id, act)
    return _done(found, one, act)


async def _add_post(found: Visit, one: Account) -> Response[Any]:
    wanted, faults = _wanted(found, found.form)
    if wanted is None:
        return await _account(found, one.login, typed=found.form, did="post", faults=faults, status=422)
    async with transaction(found.portal.engine) as conn:
        await _give(conn, found, one.id, wanted)
    return _done(found, one, Act.POST_ADDED)


def _chosen(found: Visit, one: Account) -> Post | None:
    return next((post for post in one.held(found.portal.now()) if str(post.id) == found.form.get("post")), None)


async def _remove_post(found: Visit, one: Account) -> Response[Any]:
    chosen = next((post for post in one.posts if str(post.id) == found.form.get("post")), None)
    if chosen is None:
        return error_page(found, 404)
    async with transaction(found.portal.engine) as conn:
        await admin_store.end_post(conn, chosen.id, found.portal.now())
        await _note(conn, found, one.id, Act.POST_REMOVED, **_about(chosen))
    return _done(found, one, Act.POST_REMOVED)


async def _add_deputy(found: Visit, one: Account) -> Response[Any]:
    """`one` is on leave; who stands in gets a post like theirs, from the first day of it to the last."""
    portal, form, chosen = found.portal, found.form, _chosen(found, one)
    if chosen is None:
        return error_page(found, 404)
    leave, wrong = leave_of(form.get("begins"), form.get("ends"), portal.now(), found.policy.calendar)
    faults = dict(_said(found, wrong))
    async with read_once(portal.engine) as conn:
        deputy = await _find(conn, found, login_of(form.get("deputy")))
    if deputy is None or deputy.id == one.id or deputy.disabled_at is not None or not is_managed(found, deputy):
        faults["deputy"] = say(found.language, "admin.no_such_deputy")
    if faults or leave is None or deputy is None:
        return await _account(found, one.login, typed=form, did="deputy", faults=faults, status=422)
    async with transaction(portal.engine) as conn:
        await admin_store.add_deputy(conn, deputy.id, chosen, one.id, leave)
        about = {"begins": form.get("begins"), "ends": form.get("ends")}
        await _note(conn, found, deputy.id, Act.DEPUTY_ADDED, colleague=one.login, **about)
        await _note(conn, found, one.id, Act.DEPUTY_ADDED, deputy=deputy.login, **about)
    return _done(found, one, Act.DEPUTY_ADDED)


ADMINISTRATION: list[HTTPRouteHandler] = [accounts, new, add, account, act_on_account]
