import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.fleet.waves import DEFAULT, Placed, assign_waves, parse_waves


@pytest.mark.parametrize(
    ("words", "sizes"),
    [
        ((), DEFAULT),
        (("1,10%,rest",), ("1", "10%", "rest")),
        (("1", "10%", "rest"), ("1", "10%", "rest")),
        (("1, 2", "100%,rest"), ("1", "2", "100%", "rest")),
        (("rest",), ("rest",)),
    ],
)
def test_sizes_are_given_one_by_one_or_with_commas(words, sizes):
    assert parse_waves(words) == sizes


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("1", "ten", "rest"), r"--wave 'ten' \(wave 2\) is no size: say a number"),
        (("",), r"--wave '' \(wave 1\) is no size"),
        (("1,,rest",), r"--wave '' \(wave 2\) is no size"),
        (("-1", "rest"), "'-1'"),
        (("1.5%", "rest"), "'1.5%'"),
        (("0", "rest"), r"--wave 0 \(wave 1\) has no cluster"),
        (("0%", "rest"), "say 1% to 100%"),
        (("101%", "rest"), "say 1% to 100%"),
        (("1", "10%"), "--wave 1,10%: end with rest"),
        (("rest", "1"), "rest is all that is left, so it is last"),
        (("rest", "rest"), "rest is all that is left"),
    ],
)
def test_what_is_no_size_or_leaves_somebody_out_is_refused_with_its_place(words, told):
    with pytest.raises(UsageError, match=told):
        parse_waves(words)


def place(**zones):
    return [Placed(name, zone) for zone, names in zones.items() for name in names.split()]


def test_the_first_waves_meet_as_many_zones_as_they_have_clusters():
    clusters = place(north="n1 n2 n3", south="s1 s2", west="w1")
    assert assign_waves(("2", "2", "rest"), clusters) == (
        ("n1", "s1"),
        ("w1", "n2"),
        ("s2", "n3"),
    )


def test_who_is_named_first_comes_first_in_that_order():
    clusters = place(north="n1 n2 n3", south="s1")
    assert assign_waves(("2", "rest"), clusters, ("s1", "n3")) == (("s1", "n3"), ("n1", "n2"))


def test_a_part_is_of_all_and_one_at_least():
    clusters = place(north=" ".join(f"c{number:03}" for number in range(129)))
    waves = assign_waves(("1", "10%", "rest"), clusters)
    assert [len(wave) for wave in waves] == [1, 12, 116]
    few = assign_waves(("1", "10%", "rest"), clusters[:2])
    assert few == (("c000",), ("c001",))
    assert assign_waves(DEFAULT, []) == ()


@given(
    st.lists(
        st.tuples(st.text("abcdef", min_size=1, max_size=3), st.sampled_from("abc")),
        unique_by=lambda one: one[0],
        max_size=40,
    ),
    st.lists(st.sampled_from(["1", "3", "10%", "50%", "100%"]), max_size=4),
    st.randoms(use_true_random=False),
)
def test_every_cluster_is_in_one_wave_whatever_order_they_came_in(found, sizes, random):
    clusters = [Placed(*one) for one in found]
    sizes = (*sizes, "rest")
    waves = assign_waves(sizes, clusters)
    assert sorted(name for wave in waves for name in wave) == sorted(c.name for c in clusters)
    assert all(waves)
    random.shuffle(clusters)
    assert assign_waves(sizes, clusters) == waves
    if waves:
        zone = {one.name: one.zone for one in clusters}
        met = {zone[name] for name in waves[0]}
        assert len(met) == min(len(waves[0]), len(set(zone.values())))
