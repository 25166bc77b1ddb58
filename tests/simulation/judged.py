"""Which invariants histories of whole clusters are judged by, and when; by what the others are proven.

Numbers are those of `reconcile manual invariants`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.simulation.laws import DISASTERS, LAWS
from tests.simulation.laws_of_runs import BEGINS

INVARIANTS = frozenset(range(1, 33))
WHEN: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "after each event": frozenset(
            {number for rows in LAWS.values() for number, _ in rows} | {*DISASTERS.values()}
        ),
        "as a command of a run is sent": frozenset({14}),
        "as one begins": frozenset(number for number, _ in BEGINS),
        "after each run": frozenset({16, 19}),
        "when all troubles have ceased": frozenset({13, 14, 16, 17, 27, 28}),
        "where a history is played again on hosts with other clocks": frozenset({22}),
    }
)
JUDGED = frozenset[int]().union(*WHEN.values())
# Of what no simulated host knows anything, or every history has it right by how it is made.
ELSEWHERE: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {
        20: (
            "tests/unit/hosts/test_ssh_keys.py::test_an_unknown_key_is_refused",
            "tests/unit/hosts/test_ssh_keys.py::test_a_changed_key_is_refused",
            "tests/unit/hosts/test_ssh_keys.py::test_checks_cannot_be_switched_off",
        ),
        23: (
            "tests/unit/gate/test_gate_files.py::test_a_wrong_call_is_refused_before_anything_is_touched",
            "tests/unit/gate/test_gate_services.py::test_no_other_command_runs",
            "tests/unit/hosts/test_ssh_commands.py::test_every_word_arrives_as_it_was",
        ),
        24: (
            "tests/unit/resources/test_unknown_is_not_absent.py::test_every_reading_is_tried",
            "tests/unit/probe/test_sections.py::test_any_text_splits_into_all_sections",
            "tests/probes/test_recorded.py::test_a_truncated_answer_is_unknown_where_it_is_cut_and_never_something_else",
        ),
        25: (
            "tests/unit/cli/test_secrets.py::test_no_secret_is_shown_recorded_or_logged_by_a_run",
            "tests/unit/cli/test_secrets.py::test_no_plan_reads_a_secret_and_all_show_its_name",
        ),
        26: ("tests/unit/web/test_guards.py::test_nothing_but_reading_is_served",),
        30: (
            "tests/unit/resources/test_unknown_is_not_absent.py::"
            "test_a_kernel_that_still_has_a_volume_has_not_released_it_though_nobody_reads_it",
            "tests/unit/gate/test_gate_clusters.py::test_a_volume_whose_mount_is_hidden_is_not_written_to",
        ),
    }
)
