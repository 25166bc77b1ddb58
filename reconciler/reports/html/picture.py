"""The topology of a cluster as SVG: the interconnect, members, volumes, who mounts what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.views import Mark, Seat, Shelf, Topology
from reconciler.reports.html.markup import Markup, join_markup, tag
from reconciler.reports.shortening import clip_text

# Of the drawing, in its own units (pixels where it is not scaled).
BUS, BOX, WIDE, TALL, ROW, TOP, COLUMN = 26, 54, 196, 46, 62, 96, 124
GAP = 84
STATES: Mapping[str, str] = {
    "member": "member",
    "joins": "joins",
    "leaves": "leaves",
    "drained": "drained: mounts nothing",
    "offline": "offline: not contacted",
    "dead": "attested dead",
    "gone": "not in the cluster",
    "silent": "does not answer",
}
MARKS: Mapping[Mark, tuple[str, str]] = {
    "mounted": ("\u2713", "mounted, and stays so"),
    "mounts": ("+", "will be mounted"),
    "unmounts": ("\u2212", "will be unmounted"),
    "again": ("\u21bb", "will be unmounted and mounted again"),
    "unknown": ("?", "unknown"),
    "none": ("", "not mounted"),
}


def picture(found: Topology, name: str) -> Markup:
    """The drawing, as wide as its volumes need."""
    wide = BOX + WIDE + GAP + COLUMN * max(1, len(found.shelves)) - 30
    tall = TOP + ROW * len(found.seats)
    parts = [tag("title", f"cluster {name}: members, interconnect and volumes")]
    parts += [*_bus(tall), *_shelves(found, tall), *_seats(found)]
    return tag(
        "svg",
        *parts,
        class_="topology",
        viewBox=f"0 0 {wide} {tall}",
        width=wide,
        height=tall,
        role="img",
    )


def _bus(tall: int) -> Iterator[Markup]:
    yield tag("text", "interconnect", x=BUS - 16, y=TOP - 24, class_="small")
    yield tag("line", x1=BUS, y1=TOP - 14, x2=BUS, y2=tall - 14, class_="bus")


def _shelves(found: Topology, tall: int) -> Iterator[Markup]:
    for place, shelf in enumerate(found.shelves):
        x = _column(place)
        yield tag("line", x1=x, y1=TOP - 26, x2=x, y2=tall - 14, class_="disk-line")
        yield _disk(shelf, x)


def _disk(shelf: Shelf, x: int) -> Markup:
    """A cylinder with the volume's name above it."""
    body = f"M{x - 22},42 v22 a22,7 0 0 0 44,0 v-22 a22,7 0 0 0 -44,0 a22,7 0 0 0 44,0"
    kind = "disk withdrawn" if shelf.is_withdrawn else "disk"
    words = f"{shelf.label} on {shelf.path}, {shelf.size}: {shelf.device}"
    return tag(
        "g",
        tag("title", words),
        tag("text", clip_text(shelf.label, 15), x=x, y=14, class_="name middle"),
        tag("text", clip_text(shelf.size, 18), x=x, y=29, class_="small middle"),
        tag("path", d=body, class_=kind),
    )


def _seats(found: Topology) -> Iterator[Markup]:
    for place, seat in enumerate(found.seats):
        y = TOP + ROW * place + TALL // 2 - 8
        yield from _links(seat, y)
        yield _box(seat, y)
        yield from (_dot(seat, found.shelves[n], n, y) for n in range(len(found.shelves)))


def _links(seat: Seat, y: int) -> Iterator[Markup]:
    """To the interconnect, and to the volumes as far as they concern it."""
    kind = {"joins": "link add", "leaves": "link bad", "silent": "link unknown"}
    if seat.is_connected or seat.state == "leaves":
        yield tag("line", x1=BUS, y1=y, x2=BOX, y2=y, class_=kind.get(seat.state, "link"))
        yield tag("circle", cx=BUS, cy=y, r=4, class_="tap")
    reached = [n for n, mark in enumerate(seat.marks) if mark != "none"]
    if reached:
        yield tag("line", x1=BOX + WIDE, y1=y, x2=_column(reached[-1]), y2=y, class_="wire")


def _box(seat: Seat, y: int) -> Markup:
    top = y - TALL // 2
    words = f"{seat.name}: {STATES[seat.state]}, node {seat.number or 'without a number'}"
    number = f"node {seat.number}" if seat.number else ""
    return tag(
        "g",
        tag("title", f"{words}, {seat.address}"),
        tag("rect", x=BOX, y=top, width=WIDE, height=TALL, rx=6, class_=f"box {seat.state}"),
        tag("text", clip_text(seat.name, 17), x=BOX + 10, y=y - 4, class_="name"),
        tag("text", number, x=BOX + WIDE - 10, y=y - 4, class_="small end"),
        tag("text", clip_text(seat.address, 21), x=BOX + 10, y=y + 14, class_="small"),
        tag(
            "text", clip_text(_short(seat), 12), x=BOX + WIDE - 10, y=y + 14, class_="small end"
        ),
    )


def _short(seat: Seat) -> str:
    return {"silent": "no answer", "member": ""}.get(seat.state, seat.state)


def _dot(seat: Seat, shelf: Shelf, place: int, y: int) -> Markup:
    mark = seat.marks[place]
    sign, words = MARKS[mark]
    x = _column(place)
    return tag(
        "g",
        tag("title", f"{shelf.label} on {seat.name}: {words}"),
        tag("circle", cx=x, cy=y, r=5 if mark == "none" else 11, class_=f"mark {mark}"),
        tag("text", sign, x=x, y=y + 5, class_=f"sign middle {mark}") if sign else "",
    )


def _column(place: int) -> int:
    return BOX + WIDE + GAP + COLUMN * place


def key(found: Topology) -> Markup:
    """What the marks mean that are in the drawing."""
    used = dict.fromkeys(mark for seat in found.seats for mark in seat.marks)
    items = [
        tag("li", tag("span", MARKS[mark][0] or "\u00b7", class_=f"key {mark}"), MARKS[mark][1])
        for mark in used
    ]
    return tag("ul", join_markup(items), class_="keys") if items else Markup("")
