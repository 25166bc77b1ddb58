"""Rules about what may be done by itself, and who is told."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.loading.semantics.finding import Finding, Rule, Use, clusters, repetitions
from reconciler.model.desired import Desired
from reconciler.model.policy import Window


def healing_names_what(desired: Desired) -> Iterator[Finding]:
    """Who writes heal expects it, and nothing would be healed."""
    for path, cluster in clusters(desired):
        if cluster.policy.mode == "heal" and not cluster.policy.heal:
            yield Finding(
                (*path, "policy", "mode"),
                "bad-value",
                "'mode: heal' heals nothing: 'heal' names nothing",
                "say what may be healed, like 'heal: [files, boot]'",
            )


def a_class_is_named_once(desired: Desired) -> Iterator[Finding]:
    """The second was meant to be another one."""
    for path, cluster in clusters(desired):
        home = (*path, "policy", "heal")
        uses = (Use(name, (*home, i), name) for i, name in enumerate(cluster.policy.heal))
        for use, _first in repetitions(uses):
            yield Finding(use.path, "bad-value", f"'{use.owner}' is named twice", "remove one")


def a_window_stands_once(desired: Desired) -> Iterator[Finding]:
    """What is allowed and denied at the same times was meant otherwise."""
    for path, cluster in clusters(desired):
        home = (*path, "policy", "windows")
        windows = enumerate(cluster.policy.windows)
        uses = (Use(_times(item), (*home, i), item.schedule) for i, item in windows)
        for use, _first in repetitions(uses):
            message = f"a window '{use.owner}' stands above with the same times"
            yield Finding(use.path, "bad-value", message, "remove one; a denied one wins")


def _times(window: Window) -> tuple[object, ...]:
    return window.schedule, window.duration, window.time_zone


def a_notice_goes_one_way(desired: Desired) -> Iterator[Finding]:
    """Each has a severity of its own."""
    for path, cluster in clusters(desired):
        for i, item in enumerate(cluster.policy.notify):
            if (item.webhook is None) == (item.mail is None):
                words = "both 'webhook' and 'mail'" if item.mail else "no 'webhook' or 'mail'"
                place = (*path, "policy", "notify", i)
                hint = "give each an item of its own: '- webhook: {url: env:WATCH_WEBHOOK}'"
                message = f"this item of 'notify' has {words}"
                yield Finding(place, "bad-value", message, hint)


RULES: tuple[Rule, ...] = (
    healing_names_what,
    a_class_is_named_once,
    a_window_stands_once,
    a_notice_goes_one_way,
)
