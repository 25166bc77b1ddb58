"""Each kind of action is of one class that may be healed, looks only, or is never healed."""

from collections import Counter
from typing import get_args

from reconciler.model.policy import HealClass
from reconciler.planning.kinds import (
    ADMITS,
    BLANK,
    ENLARGES,
    GUEST,
    KINDS,
    LEAVES,
    RESUMES,
    TAKES,
    UNMOUNTED,
    WRITES,
    having,
)
from reconciler.planning.watching.healable import CLASS_OF, CLASSES, LOOKS, NEVER
from tests.pages import page, quoted, rows

# What no policy may ever allow: an outage, data, a guest or a service, who is a member.
FORBIDDEN = (TAKES, GUEST, RESUMES, ADMITS, LEAVES, WRITES, ENLARGES, UNMOUNTED, BLANK)


def test_every_kind_is_in_one_table():
    listed = Counter([*(k for kinds in CLASSES.values() for k in kinds), *LOOKS, *NEVER])
    assert listed == Counter(list(KINDS))
    assert all(NEVER.values())


def test_every_class_of_a_policy_is_there():
    assert list(CLASSES) == list(get_args(HealClass))


def test_nothing_that_takes_from_anybody_is_in_a_class():
    assert [kind for traits in FORBIDDEN for kind in having(traits) if kind in CLASS_OF] == []


def test_the_manual_has_each_class_with_its_kinds():
    told = {quoted(row[0])[0]: tuple(quoted(row[1])) for row in rows(page("policy"), "Class")}
    assert told == CLASSES
