"""Signing in and out, the own password, the own sessions and posts, the language, and what lies open to everybody."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from contracts.codes import Role
from libraries.ids import new_id
from libraries.runtime.database.engine import read_once, transaction
from services.portal import store
from services.portal.catalogue import LANGUAGES, say
from services.portal.domain.accounts import Account, Login, SignInRefusal, login_of, password_faults
from services.portal.domain.sessions import Session, end_of
from services.portal.keys import name_hash
from services.portal.look import HEADERS, go_to, page, static_file
from services.portal.pages import CHANGES_PASSWORD, OPEN, PUBLIC, error_page, login_page, next_of, visit
from services.portal.passwords import hash_password, is_right
from services.portal.tries import tried
from services.portal.visits import (
    LANGUAGE,
    REVIEW_FIELD,
    SESSION,
    YEAR_SECONDS,
    Call,
    Visit,
    local_path,
    new_secret,
    secret_hash,
)

KEPT = "kept."
"""Begins the fields of a form that was sent without a session."""
FIRST_PAGES = {
    Role.CLERK: "/counter",
    Role.ASSISTANT: "/counter",
    Role.OFFICER: "/inbox",
    Role.HEAD: "/coordinator",
    Role.COORDINATOR: "/coordinator",
    Role.ADMINISTRATOR: "/admin",
    Role.AUDITOR: "/reads",
    Role.OPS: "/board",
}


@get("/login", opt={PUBLIC: True})
async def show_login(request: Call) -> Response[Any]:
    found = visit(request)
    if found.session is not None:
        return go_to(found, "/")
    wanted = local_path(request.query_params.get("next", "/"))
    left = request.query_params.get("left") == "provider"
    return login_page(found, wanted, left=left)


@post("/login", opt={PUBLIC: True})
async def sign_in(request: Call) -> Response[Any]:
    """Slow on purpose, the same for every name, and not at all after too many failures."""
    found = visit(request)
    account, refused = await _checked(found)
    kept = tuple(found.form.below(KEPT))
    if account is None:
        status = 429 if refused is not None else 422
        whole = f"login.{refused.value if refused is not None else 'wrong'}"
        login = found.form.get("login")
        return login_page(found, next_of(found), status=status, kept=kept, login=login, refused=whole)
    await begin_session(found, account)
    if account.must_change:
        return go_to(found, "/password")
    if kept:
        return page(found, "again.html", action=next_of(found), kept=kept, review=REVIEW_FIELD)
    return go_to(found, next_of(found))


async def _checked(found: Visit) -> tuple[Account | None, SignInRefusal | None]:
    login = login_of(found.form.get("login"))
    account: Account | None = None

    async def look() -> tuple[Login, UUID | None]:
        nonlocal account
        async with read_once(found.portal.engine) as conn:
            account = await store.find_account(conn, login)
        right = await is_right(account.password_hash if account is not None else None, found.form.typed("password"))
        if not right or account is None:
            return Login.WRONG, account.id if account is not None else None
        may = account.disabled_at is None and account.held(found.portal.now())
        return (Login.OK if may else Login.DISABLED), account.id

    outcome = await tried(found, name_hash(found.portal.key, login), look)
    if isinstance(outcome, SignInRefusal):
        return None, outcome
    return (account if outcome is Login.OK else None), None


async def begin_session(found: Visit, account: Account) -> None:
    """With a new secret, whatever cookie the browser had."""
    portal, secret = found.portal, new_secret()
    now = portal.now()
    session = Session(
        id=new_id(),
        account=account,
        post=account.held(now)[0],
        begun_at=now,
        seen_at=now,
        ends_at=end_of(now, now, portal.idle),
        address=found.address,
        agent=found.agent,
    )
    async with transaction(portal.engine) as conn:
        await store.add_session(conn, session, secret_hash(secret))
    found.session, found.visitor = session, secret
    found.keeps(SESSION, secret)


@post("/logout", opt={CHANGES_PASSWORD: True})
async def sign_out(request: Call) -> Response[Any]:
    found = visit(request)
    session = found.signed_in
    async with transaction(found.portal.engine) as conn:
        await store.end_session(conn, session.account.id, session.id)
    found.keeps(SESSION, "", seconds=0)
    return go_to(found, "/login?left=provider" if session.account.provided else "/login")


@get("/password", opt={CHANGES_PASSWORD: True})
async def show_password(request: Call) -> Response[Any]:
    found = visit(request)
    if found.signed_in.account.provided:
        return error_page(found, 403, "login.provider_password")
    return page(found, "password.html", path="/password")


@post("/password", opt={CHANGES_PASSWORD: True})
async def change_password(request: Call) -> Response[Any]:
    """Ends all sessions of the account, and begins a new one here."""
    found = visit(request)
    account, portal = found.signed_in.account, found.portal
    if account.provided:
        return error_page(found, 403, "login.provider_password")
    new, again = found.form.typed("new"), found.form.typed("again")
    faults = {}
    if not await is_right(account.password_hash, found.form.typed("old")):
        faults["old"] = "password_wrong"
    same = new == found.form.typed("old")
    faults |= dict(password_faults(new, again, login=account.login, same_as_before=same))
    if faults:
        said = {name: say(found.language, f"login.{fault}") for name, fault in faults.items()}
        return page(found, "password.html", status=422, path="/password", faults=said)
    hashed = await hash_password(new)
    async with transaction(portal.engine) as conn:
        await store.save_password(conn, account.id, hashed, must_change=False, at=portal.now())
        changed = await store.find_account(conn, account.login)
    if changed is None:
        raise LookupError(account.id)
    await begin_session(found, changed)
    return go_to(found, "/")


@get("/me")
async def show_me(request: Call) -> Response[Any]:
    """Who I am here, as what, and where I am signed in."""
    found = visit(request)
    session, portal = found.signed_in, found.portal
    async with transaction(portal.engine) as conn:
        others = await store.list_sessions(conn, session.account.id, portal.now())
    return page(found, "me.html", path="/me", others=others, posts=session.account.held(portal.now()))


@post("/me/sessions/{session_id:uuid}/end")
async def end_session(request: Call, session_id: FromPath[UUID]) -> Response[Any]:
    found = visit(request)
    async with transaction(found.portal.engine) as conn:
        await store.end_session(conn, found.signed_in.account.id, session_id)
    return go_to(found, "/me")


@post("/me/post")
async def switch_post(request: Call) -> Response[Any]:
    """Act as another of the own posts from here on."""
    found = visit(request)
    session = found.signed_in
    chosen = next(
        (held for held in session.account.held(found.portal.now()) if str(held.id) == found.form.get("post")), None
    )
    if chosen is None:
        return error_page(found, 404)
    async with transaction(found.portal.engine) as conn:
        await store.switch_post(conn, session.id, chosen.id)
    return go_to(found, "/")


@get("/", opt={})
async def first_page(request: Call) -> Response[Any]:
    found = visit(request)
    wanted = FIRST_PAGES.get(found.signed_in.post.role)
    return go_to(found, wanted) if wanted is not None else page(found, "home.html", path="/")


@get("/language/{language:str}", opt={PUBLIC: True})
async def choose_language(request: Call, language: FromPath[str]) -> Response[Any]:
    found = visit(request)
    if language in LANGUAGES:
        found.keeps(LANGUAGE, language, seconds=YEAR_SECONDS)
    return go_to(found, local_path(request.query_params.get("next", "/")))


@get("/static/{name:str}", opt={OPEN: True}, sync_to_thread=False)
def static(name: FromPath[str]) -> Response[bytes]:
    """The address has the version in it, so a browser may keep it."""
    found = static_file(name)
    if found is None:
        return Response(b"", status_code=404, headers=HEADERS)
    content, kind = found
    kept = {"cache-control": f"public, max-age={int(timedelta(days=365).total_seconds())}, immutable"}
    return Response(content, media_type=kind, headers=HEADERS | kept)


SIGNING: list[HTTPRouteHandler] = [
    show_login,
    sign_in,
    sign_out,
    show_password,
    change_password,
    show_me,
    end_session,
    switch_post,
    first_page,
    choose_language,
    static,
]
