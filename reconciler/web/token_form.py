"""The form for the token, and the cookie for who knows it."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reconciler.web.dashboard import page
from reconciler.web.guards import COOKIE, SESSION

# A token is a line of a file; a longer body is no login.
_LONGEST_FORM = 4096

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login_page(request: Request) -> HTMLResponse:
    """The form for the token."""
    return page(request, "login", wrong=None)


@router.post("/login")
async def login(request: Request) -> Response:
    """A cookie for who knows the token; nothing else is changed by it."""
    access, attempts = request.app.state.access, request.app.state.attempts
    peer = request.client.host if request.client else ""
    if not attempts.may_try(peer):
        wrong = "Too many wrong tokens. Try again in a minute."
        return _login_refused(request, 429, wrong)
    token = await _given_token(request)
    if not access.knows(token):
        attempts.note_wrong(peer)
        return _login_refused(request, 401, "That is not the token.")
    answer = RedirectResponse("/", 303)
    session = access.session(request.app.state.clock().timestamp())
    is_safe = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, session, SESSION, httponly=True, samesite="strict", secure=is_safe
    )
    return answer


def _login_refused(request: Request, status: int, wrong: str) -> HTMLResponse:
    answer = page(request, "login", wrong=wrong)
    answer.status_code = status
    return answer


async def _given_token(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_FORM:
            return b""
    return parse_qs(body, max_num_fields=2).get(b"token", [b""])[0].strip()
