"""The pages of a cluster by its name: they lead to those by its number, which is the same for as long as it is stored."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import RedirectResponse

from reconciler.storage.clusters import named_clusters
from reconciler.storage.columns import storable_words
from reconciler.web.api import Reader

LONGEST = 255
router = APIRouter(include_in_schema=False)


# After those by number: this has whatever is none.
@router.get("/clusters/{name}")
@router.get("/clusters/{name}/{rest:path}")
def named_page(
    request: Request,
    connection: Reader,
    name: Annotated[str, Path(max_length=LONGEST)],
    rest: str = "",
) -> RedirectResponse:
    """The page of the only cluster of that name; of more than one the list of them.

    Raises HTTPException for none.
    """
    found = named_clusters(connection, [storable_words(name)])
    if not found:
        raise HTTPException(404, f"no cluster {name} is watched, or it was not looked at yet")
    if len(found) > 1:
        return RedirectResponse(f"/?{urlencode({'search': name})}")
    place = f"/clusters/{found[0].id}" + (f"/{quote(rest)}" if rest else "")
    return RedirectResponse(str(request.url.replace(scheme="", netloc="", path=place)))
