"""Where the next page of clusters begins, as a word of an address that nobody needs to understand."""

from __future__ import annotations

import base64
import json

from reconciler.storage.clusters import Place

# Numbers of a database have 63 bits.
_GREATEST = 2**63 - 1


def format_cursor(place: Place) -> str:
    """The word for a place."""
    text = json.dumps([place.rank, place.name, place.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(word: str) -> Place:
    """The place of a word. Raises ValueError for one that ``format_cursor`` does not make."""
    try:
        raw = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError("the cursor is damaged: begin with the first page") from error
    match found:
        case [int(rank), str(name), int(number)] if max(abs(rank), abs(number)) <= _GREATEST:
            return Place(rank, name, number)
    raise ValueError("the cursor is damaged: begin with the first page")
