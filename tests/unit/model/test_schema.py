import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.errors import SpecInvalid
from reconciler.loading import load
from reconciler.model.schema import SCHEMAS, cluster_schema

EXAMPLES = sorted(Path("examples").glob("*.yaml"))
VALIDATOR = Draft202012Validator(cluster_schema())


def minimal(**volume):
    return {
        "version": 1,
        "clusters": [
            {
                "name": "images",
                "members": [{"name": "node1", "interconnect": "10.0.0.1"}],
                "volumes": [
                    {
                        "label": "images",
                        "device": {"wwid": "36001405a1b2c3d4e5f60718293a4b5c6"},
                        "size": "fill",
                        "mount": {"path": "/srv/images"},
                        **volume,
                    }
                ],
            }
        ],
    }


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_file_is_the_models(name):
    published = Path(f"schemas/{name}.schema.json").read_text()
    assert published == json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_valid_schema(name):
    Draft202012Validator.check_schema(SCHEMAS[name]())


def nodes(value):
    """Every object in a schema or a document."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, (dict, list)):
            yield from nodes(item)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_reference_leads_somewhere(name):
    schema = SCHEMAS[name]()
    used = {node["$ref"] for node in nodes(schema) if isinstance(node.get("$ref"), str)}
    assert used <= {f"#/$defs/{key}" for key in schema["$defs"]}


def test_it_accepts_a_valid_file():
    assert VALIDATOR.is_valid(minimal())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_it_accepts_every_example(path):
    desired = load(path.name, path.read_text()).model_dump(mode="json", exclude_unset=True)
    assert [error.message for error in VALIDATOR.iter_errors(desired)] == []


WRONG = {
    "furlongs": {"size": "50 furlongs"},
    "decimal units": {"size": "800GB"},
    "a size in more words": {"size": "1GiB or so"},
    "a bare number": {"size": 800},
    "an unknown key": {"sise": "1GiB"},
    "no device": {"device": {}},
    "two devices": {"device": {"wwid": "36001405", "path": "/dev/san/a"}},
    "a relative mount path": {"mount": {"path": "srv"}},
    "a choice that is none": {"format": "always"},
    "a text for a truth": {"mount": {"path": "/srv", "at_boot": "yes"}},
    "a duration in words": {"backup": {"host": "a", "argv": ["b"], "max_age": "1 day"}},
    "an empty argv": {"backup": {"host": "a", "argv": []}},
    "too many slots": {"slots": 256},
}


@pytest.mark.parametrize("volume", WRONG.values(), ids=WRONG)
def test_it_refuses(volume):
    assert not VALIDATOR.is_valid(minimal(**volume))


@pytest.mark.parametrize("state", ["offline", "dead"])
def test_it_asks_for_an_attestation(state):
    file = minimal()
    file["clusters"][0]["members"][0]["state"] = state
    assert not VALIDATOR.is_valid(file)


def test_it_takes_a_wwid_that_a_yaml_reader_took_for_a_number():
    assert VALIDATOR.is_valid(minimal(device={"wwid": 3600140512345678}))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 300),
    st.sampled_from(["never", "fill", "1GiB", "4KiB", "5m", "/srv/a", "a b", "", "online"]),
    st.just([]),
    st.just({}),
)
KEYS = st.sampled_from(
    ["label", "device", "size", "slots", "format", "features", "mount", "growth", "backing"]
)


@settings(max_examples=300)
@given(KEYS, VALUES)
def test_what_it_refuses_the_loader_refuses_too(key, value):
    file = minimal(**{key: value})
    if VALIDATOR.is_valid(file):
        return
    with pytest.raises(SpecInvalid):
        load("f.yaml", json.dumps(file))


def test_every_key_is_described_for_the_editor():
    definitions = {"": cluster_schema(), **cluster_schema()["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, node in definitions.items()
        for key, value in node.get("properties", {}).items()
        if not value.get("description")
    ]
    assert bare == []
    assert [name for name, node in definitions.items() if not node.get("description")] == []


def golden(name):
    return json.loads(Path(f"tests/golden/{name}.json").read_text())


def without(document, *path):
    *parents, last = path
    place = document
    for key in parents:
        place = place[key]
    del place[last]
    return document


PLANS = {
    "no id": ("id",),
    "an action without its risk": ("clusters", 0, "actions", 0, "risk"),
    "a desired state without its version": ("desired", "version"),
}


@pytest.mark.parametrize("path", PLANS.values(), ids=PLANS)
def test_a_plan_that_lacks_something_is_refused(path):
    validator = Draft202012Validator(SCHEMAS["plan"]())
    assert validator.is_valid(golden("create"))
    assert not validator.is_valid(without(golden("create"), *path))


FACTS = {
    "no time": ("observed_at",),
    "a host without a section": ("hosts", "node01", "live"),
    "a mount without its path": ("hosts", "node01", "mounts", 0, "path"),
    "a section unknown for no reason": ("hosts", "node01", "log", "unknown"),
    "an unreachable host without a code": ("hosts", "node02", "unreachable", "code"),
}


@pytest.mark.parametrize("path", FACTS.values(), ids=FACTS)
def test_facts_that_lack_something_are_refused(path):
    validator = Draft202012Validator(SCHEMAS["facts"]())
    assert validator.is_valid(golden("facts/running"))
    assert not validator.is_valid(without(golden("facts/running"), *path))
