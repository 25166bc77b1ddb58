"""What is observed as text: the same bytes as ever, quicker."""

import json

import pytest

from reconciler.reports.documents import facts_text

VALUES = [
    {},
    {"hosts": {}, "list": [], "nothing": None, "yes": True},
    {"number": 2**63, "text": 'é\x7f\u2028\U0001f600\x00\n"\\'},
    {"half": "\udc80"},
]


@pytest.mark.parametrize("value", VALUES)
def test_it_is_what_the_standard_library_writes(value):
    assert facts_text(value) == json.dumps(value, indent=1)
