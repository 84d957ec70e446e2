"""Who asks over HTTP is who the audit names, whatever the request makes the service do."""

from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from libraries.runtime.audit.doers import Doer, acting

NOBODY_SIGNED_IN: Final = Doer(subject="anonymous")


def named(app: ASGIApp) -> ASGIApp:
    """Middleware. The token is read later than this begins, so it is asked for when something is put on record."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        with acting(lambda: _of(scope.get("user"))):
            await app(scope, receive, send)

    return run


def _of(user: Any) -> Doer:
    if user is None:
        return NOBODY_SIGNED_IN
    return user if isinstance(user, Doer) else Doer(subject=user.subject, role=user.role.value, office=user.office)
