import hashlib
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from reconciler.errors import SpecInvalid, UsageError
from reconciler.loading import MAX_BYTES, digest, load, read, read_text
from reconciler.model.desired import Attested, Cluster, Desired, Device, Member, Mount, Volume
from reconciler.model.problems import Problem
from tests.unit.loading.samples import MINIMAL, headlines, rendered, replaced

EXAMPLES = sorted(Path("examples").glob("*.yaml"))


def test_reads_the_minimal_file_with_its_defaults():
    assert load("f.yaml", MINIMAL) == Desired(
        version=1,
        clusters=(
            Cluster(
                name="images",
                members=(Member(name="node1", interconnect=IPv4Address("10.0.0.1")),),
                volumes=(
                    Volume(
                        label="images",
                        device=Device(wwid="36001405a1b2c3d4e5f60718293a4b5c6"),
                        size="fill",
                        mount=Mount(path="/srv/images"),
                    ),
                ),
            ),
        ),
    )


def test_reads_the_sample_of_the_formats_own_documentation():
    desired = read("tests/unit/loading/whole_format.yaml")
    (volume,) = desired.clusters[0].volumes
    assert volume.device == Device(wwid="3600140512345678", partition=1)
    assert (volume.size, volume.slots, volume.growth) == (800 * 2**30, 8, "online")
    assert [member.state for member in desired.clusters[0].members] == [
        "present",
        "present",
        "absent",
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_valid_and_names_its_schema(path):
    text = path.read_text()
    assert isinstance(read(str(path)), Desired)
    assert text.startswith("# yaml-language-server: $schema=../schemas/cluster.schema.json\n")


def test_there_are_the_examples_that_the_documentation_names():
    names = {path.name for path in EXAMPLES}
    assert names >= {
        "classic-guide.yaml",
        "minimal.yaml",
        "san-multipath.yaml",
        "three-hosts.yaml",
        "two-clusters.yaml",
    }


def test_the_classic_guides_members_are_as_in_the_guide():
    members = read("examples/classic-guide.yaml").clusters[0].members
    assert members == (
        Member(name="flexnode01", interconnect=IPv4Address("10.0.0.10"), number=0, port=7777),
        Member(name="flexnode02", interconnect=IPv4Address("10.0.0.11"), number=1, port=7777),
    )


def test_takes_a_timestamp_with_or_without_quotes():
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    for written in ("2026-03-01T09:30:00Z", '"2026-03-01T09:30:00Z"', "2026-03-01 09:30"):
        text = replaced(
            "interconnect: 10.0.0.1\n",
            "interconnect: 10.0.0.1\n"
            f"      - {{name: node2, interconnect: 10.0.0.2, state: offline,"
            f" attested: {{by: me, at: {written}, reason: disk}}}}\n",
        )
        member = load("f.yaml", text).clusters[0].members[1]
        assert member.attested == Attested(by="me", at=moment, reason="disk")


@pytest.mark.parametrize(
    "wwid", ["3600140512345678", "36001405e10", "3600140512345678901234567890123456789"]
)
def test_takes_an_unquoted_wwid_as_it_is_written_even_if_yaml_sees_a_number(wwid):
    text = replaced('"36001405a1b2c3d4e5f60718293a4b5c6"', wwid)
    assert load("f.yaml", text).clusters[0].volumes[0].device == Device(wwid=wwid)


def test_reports_all_problems_of_yaml_schema_and_semantics_at_once_in_the_order_of_lines():
    text = """\
version: 1
ssh:
  sudo: yes
clusters:
  - name: o-2
    members:
      - name: node1
        interconect: 10.0.0.1
      - {name: node2, interconnect: 10.0.0.2, number: 010}
      - {name: node3, interconnect: 10.0.0.3}
      - {name: node4, interconnect: 10.0.0.3, state: dead}
      - {name: NODE3, interconnect: 10.0.0.5, &x port: 1, port: 2}
    volumes:
      - label: images
        device: {path: /dev/sdb}
        size: 800GB
        mount: {path: /srv/images}
      - label: images
        device: {path: /dev/sdb}
        size: 800GiB
        mount: {path: /etc, options: [nofail]}
"""
    assert headlines(text) == [
        "3:9: error[bad-type]: 'sudo' takes true or false, not the text 'yes'",
        "5:11: error[bad-value]: 'o-2' is not a cluster name: 1 to 16 letters and digits",
        "8:9: error[unknown-key]: 'interconect' is not a key of this item of 'members'",
        "9:55: error[bad-number]: 010 is octal to some readers and decimal to others",
        "11:54: error[attestation-missing]: the state 'dead' needs somebody's word",
        "12:16: error[duplicate-member]: the host 'node3' is a member twice",
        "12:47: error[alias]: the anchor &x is not allowed",
        "12:59: error[duplicate-key]: the key 'port' appears twice here",
        "15:24: error[unstable-path]: '/dev/sdb' is not a stable path: such a name can mean "
        "another disk on each host and after each boot",
        "16:15: error[bad-size]: '800GB' is neither 'fill' nor a whole number with a binary "
        "unit, like 512MiB or 800GiB",
        "18:16: error[duplicate-volume]: the volume 'images' is there already",
        "19:24: error[device-in-two-volumes]: this device holds the volume 'images' already",
        "19:24: error[unstable-path]: '/dev/sdb' is not a stable path: such a name can mean "
        "another disk on each host and after each boot",
        "21:23: error[mount-path]: '/etc' belongs to the system",
        "21:39: error[mount-option]: the mount option 'nofail' cannot be used: OCFS2 does not "
        "know it and refuses the mount",
    ]


def test_a_broken_optional_value_is_a_problem_and_never_a_silent_default():
    text = replaced("interconnect: 10.0.0.1", "interconnect: 10.0.0.1\n        number: 010")
    assert headlines(text) == [
        "7:17: error[bad-number]: 010 is octal to some readers and decimal to others"
    ]


def test_the_meaning_of_sound_parts_is_checked_around_the_unsound_ones():
    text = """\
version: 1
clusters:
  - members:
      - {name: node1, interconnect: nowhere}
      - {name: node2, interconnect: 10.0.0.2}
      - {name: node3, interconnect: 10.0.0.3, number: 1}
      - {name: node4, interconnect: 10.0.0.4, number: 1, port: 0}
    volumes:
      - {label: a, device: {wwid: "36001405a"}, size: 1, mount: {path: /srv/a}}
      - {label: b, device: {wwid: "36001405b"}, size: 1, mount: {path: /srv/b}}
      - {label: c, device: {path: /dev/sdb}, size: fill, mount: {path: /srv/c}}
  - name: "?"
    members:
      - {name: node9, interconnect: 10.0.0.2}
"""
    assert [line.partition("]")[0] for line in headlines(text)] == [
        "3:5: error[missing-key",
        "4:37: error[bad-address",
        "7:64: error[bad-value",
        "9:55: error[bad-size",
        "10:55: error[bad-size",
        "11:35: error[unstable-path",
        "12:11: error[bad-value",
        "14:37: error[duplicate-address",
    ]


def test_what_was_left_out_causes_no_further_problems():
    text = replaced(
        "interconnect: 10.0.0.1",
        "interconnect: 10.0.0.1\n        state: dead\n        attestd: {by: me, at: 2026-01-01}",
    )
    assert headlines(text) == [
        "8:9: error[unknown-key]: 'attestd' is not a key of this item of 'members'"
    ]


def test_what_was_broken_causes_no_further_problems():
    text = replaced(
        "interconnect: 10.0.0.1",
        "interconnect: 10.0.0.1\n        state: dead\n        attested: *word",
    )
    assert headlines(text) == ["8:19: error[alias]: the alias *word is not allowed"]


def test_items_behind_a_broken_one_are_shown_where_they_stand():
    text = replaced("{path: /srv/images}", "{path: /srv/images, options: [*x, nofail, 7]}")
    assert headlines(text) == [
        "11:46: error[alias]: the alias *x is not allowed",
        "11:50: error[mount-option]: the mount option 'nofail' cannot be used: OCFS2 does not "
        "know it and refuses the mount",
        "11:58: error[bad-type]: an item of 'options' takes a text, not the number 7",
    ]


def test_a_list_of_nothing_but_aliases_ends_with_the_aliases_named():
    text = "version: 1\nclusters:\n  - name: a\n    members: [*x]\n"
    assert headlines(text) == ["4:15: error[alias]: the alias *x is not allowed"]


def test_shows_no_more_problems_than_anyone_reads():
    text = MINIMAL + "".join(f"x{i}: 1\n" for i in range(600))
    error = headlines(text)
    assert len(error) == 501
    assert error[-1] == "512:1: error[more]: 100 more problems are not shown"


def test_digest_is_what_sha256sum_prints(tmp_path):
    file = tmp_path / "f.yaml"
    file.write_bytes(b"version: 1\r\n# \xc3\xa9\n")
    assert digest(read_text(str(file))) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_missing_file_is_a_usage_error():
    with pytest.raises(UsageError, match=r"nowhere\.yaml: No such file or directory"):
        read("nowhere.yaml")


def test_a_directory_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="it is a directory"):
        read(str(tmp_path))


def test_a_file_of_256_kib_is_read_and_one_byte_more_is_refused(tmp_path):
    file = tmp_path / "f.yaml"
    file.write_text(MINIMAL + "#" * (MAX_BYTES - len(MINIMAL)))
    assert isinstance(read(str(file)), Desired)
    file.write_text(file.read_text() + "#")
    with pytest.raises(SpecInvalid) as caught:
        read(str(file))
    assert caught.value.problems == (
        Problem(
            str(file),
            1,
            1,
            "too-large",
            "the file is larger than 256 KiB",
            "write one file a cluster",
        ),
    )


def test_the_limit_counts_bytes_not_characters():
    assert headlines("#" + "é" * (MAX_BYTES // 2)) == [
        "1:1: error[too-large]: the file is larger than 256 KiB"
    ]


def test_a_byte_that_is_not_utf8_is_shown_where_it_stands(tmp_path):
    file = tmp_path / "f.yaml"
    file.write_bytes(b"version: 1\n# Gr\xc3\xbc\xdfe\n")
    with pytest.raises(SpecInvalid) as caught:
        read(str(file))
    assert caught.value.problems == (
        Problem(
            str(file),
            2,
            6,
            "not-utf8",
            "the byte 0xdf is not UTF-8",
            "save it as UTF-8; from Latin-1: iconv -f ISO-8859-1 -t UTF-8 FILE > NEW",
        ),
    )


def test_windows_line_ends_are_fine_and_counted_like_others():
    assert load("f.yaml", MINIMAL.replace("\n", "\r\n")) == load("f.yaml", MINIMAL)
    text = MINIMAL.replace("fill", "all").replace("\n", "\r\n")
    assert rendered(text) == (
        "f.yaml:10:15: error[bad-size]: 'all' is neither 'fill' nor a whole number with a binary "
        "unit, like 512MiB or 800GiB\n"
        "        size: all\n"
        "              ^~~\n"
        "hint: did you mean 'fill'?\n"
    )
