"""The API: the same facts as the pages, in documents that its OpenAPI describes."""

import base64
from datetime import timedelta

import pytest

from tests.unit.web.conftest import NOW, drift_round, quiet_round


def cursor(text: str) -> str:
    """A word that has the shape of a cursor."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


async def get_json(site, path: str):
    answer = await site.get("/api/v1" + path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_numbers_of_all(site):
    site.record("alpha", quiet_round())
    site.record("beta", drift_round())
    assert await get_json(site, "/summary") == {
        "clusters": 2,
        "conditions": {
            "Converged": {"True": 1},
            "Degraded": {"True": 1},
            "Drifted": {"True": 1},
            "Unreachable": {"False": 1},
        },
        "drift": {"degrades": {"file": 1}},
    }


async def test_pages_have_each_cluster_once_while_ranks_change(site):
    for number in range(25):
        site.record(f"c{number:02}", quiet_round(rank=number % 3))
    names: list[str] = []
    path = "/clusters?limit=10"
    while path:
        page = await get_json(site, path)
        assert page["total"] == 25
        names += [item["name"] for item in page["items"]]
        path = f"/clusters?limit=10&after={page['next']}" if page["next"] else ""
    assert sorted(names) == [f"c{number:02}" for number in range(25)]
    assert names[0] == "c02"


async def test_a_cluster_with_its_parts(site):
    site.record("beta", quiet_round(), NOW - timedelta(hours=2))
    number = site.record("beta", drift_round(), NOW - timedelta(hours=1))
    one = await get_json(site, f"/clusters/{number}")
    assert (one["name"], one["state"], one["rank"]) == ("beta", "Drifted", 5)
    conditions = await get_json(site, f"/clusters/{number}/conditions")
    assert [each["type"] for each in conditions] == ["Drifted", "Unreachable", "Degraded"]
    past = await get_json(site, f"/clusters/{number}/conditions/past")
    assert [(each["type"], each["ended"]) for each in past] == [
        ("Converged", "2026-03-01T11:00:00Z")
    ]
    (difference,) = await get_json(site, f"/clusters/{number}/drift")
    assert difference["severity"] == "degrades"
    assert (difference["expected"], difference["actual"]) == ("the line is another", None)
    assert await get_json(site, f"/clusters/{number}/drift/past") == []
    spans = await get_json(site, f"/clusters/{number}/rounds")
    assert [span["state"] for span in spans] == ["Converged", "Drifted"]
    samples = await get_json(site, f"/clusters/{number}/volumes/images/samples")
    assert [each["used"] for each in samples] == [2**39, 2**38]


async def test_documents_that_were_kept(site):
    number = site.record("beta", quiet_round())
    assert (await site.get(f"/api/v1/clusters/{number}/plan")).status_code == 404
    site.keep(number, "plan", '{"version": 1, "clusters": []}')
    assert await get_json(site, f"/clusters/{number}/plan") == {"version": 1, "clusters": []}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/clusters/7", 404),
        ("/clusters/0", 422),
        ("/clusters/x", 422),
        ("/clusters/99999999999999999999", 422),
        ("/clusters?limit=0", 422),
        ("/clusters?limit=201", 422),
        ("/clusters?after=x", 400),
        ("/clusters?after=W10", 400),
        (f"/clusters?after={cursor('[' * 1400)}", 400),
        ("/clusters?condition=Odd", 422),
        ("/clusters/1/rounds?since=2026-01-01", 400),
        ("/nothing", 404),
    ],
)
async def test_a_wrong_question_is_told_why(site, path, status):
    site.record("alpha", quiet_round())
    answer = await site.get("/api/v1" + path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"title", "status", "detail"}


async def test_the_description_names_every_route_as_a_get(site):
    paths = (await get_json(site, "/openapi.json"))["paths"]
    assert len(paths) == 17
    assert {method for path in paths.values() for method in path} == {"get"}
