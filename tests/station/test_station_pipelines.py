"""Pipelines and workflows of the station, beside the recordings of a real CUBE."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.station.test_station_recordings import recording, same, shape

_STEPS = (
    ("pipeline-create-from-tree", "pipelines/"),
    ("pipeline-create-400-name-taken", "pipelines/"),
    ("pipeline-create-400-no-tree", "pipelines/"),
    ("pipeline-create-400-tree-not-string", "pipelines/"),
    ("pipeline-detail", "pipelines/{pipeline}/"),
    ("pipeline-pipings", "pipelines/{pipeline}/pipings/"),
    ("pipeline-default-parameters", "pipelines/{pipeline}/parameters/"),
    ("pipeline-plugins", "pipelines/{pipeline}/plugins/"),
    ("pipeline-json", "pipelines/{pipeline}/json/"),
    ("pipelines-search", "pipelines/search/?name=two"),
    ("workflow-create-400", "pipelines/{pipeline}/workflows/"),
    ("workflow-create", "pipelines/{pipeline}/workflows/"),
    ("workflow-detail-running", "pipelines/workflows/{workflow}/"),
    ("workflow-plugininstances", "pipelines/workflows/{workflow}/plugininstances/"),
    ("workflow-detail-finished", "pipelines/workflows/{workflow}/"),
    ("workflows-list", "pipelines/workflows/"),
    ("workflows-search", "pipelines/workflows/search/?title=my"),
    ("pipeline-create-from-instance", "pipelines/"),
    ("pipelines-list", "pipelines/"),
)


class Story:
    """A pipeline that is made, run and looked at, as in the recordings."""

    def __init__(self, api: Any, generation: int) -> None:
        self.api, self.generation = api, generation
        self.answers: dict[str, httpx.Response] = {}
        api.upload("home/local/uploads/pipes/a.txt")
        root = api.run("pl-dircopy", dir="home/local/uploads/pipes")
        self.ids: dict[str, int] = {"root": root["id"]}
        api.finish(root["id"])
        for name, path in _STEPS:
            self._play(name, path)
            if name == "workflow-plugininstances":
                for node in self.nodes():
                    api.finish(node["id"])

    def nodes(self) -> list[Any]:
        """Return the instances of the workflow, parents first."""
        path = f"pipelines/workflows/{self.ids['workflow']}/plugininstances/"
        found = self.api.get(path)["results"]
        return sorted(found, key=lambda one: int(one["id"]))

    def _play(self, name: str, path: str) -> None:
        asked = recording(name, self.generation)["request"]
        body = asked["body"]
        if name == "workflow-create":
            body = {**body, "previous_plugin_inst_id": self.ids["root"]}
            info = json.loads(body["nodes_info"])
            info[0]["piping_id"] = self.ids["piping"]
            body["nodes_info"] = json.dumps(info)
        elif name == "pipeline-create-from-instance":
            body = {**body, "plugin_inst_id": self.nodes()[0]["id"]}
        answer = self.api.http.request(
            asked["method"], path.format(**self.ids), json=body
        )
        self.answers[name] = answer
        if name == "pipeline-create-from-tree":
            self.ids["pipeline"] = answer.json()["id"]
        elif name == "pipeline-pipings":
            self.ids["piping"] = answer.json()["results"][0]["id"]
        elif name == "workflow-create":
            self.ids["workflow"] = answer.json()["id"]


@pytest.fixture(scope="module", params=[7, 6])
def story(
    request: pytest.FixtureRequest, station: Any, old_station: Any, api_class: Any
) -> Iterator[Story]:
    api = api_class(station if request.param == 7 else old_station)
    try:
        yield Story(api, request.param)
    finally:
        api.http.close()


@pytest.mark.parametrize("name", [name for name, _ in _STEPS])
def test_it_answers_as_a_cube_did(story: Story, name: str) -> None:
    recorded = recording(name, story.generation)["response"]
    answer = story.answers[name]
    assert answer.status_code == recorded["status"], answer.text
    ours, theirs = answer.json(), recorded["body"]
    assert same(shape(ours), shape(theirs)) == []
    if recorded["status"] >= 400:
        assert ours == theirs


def test_a_workflow_runs_its_tree_in_order(story: Story) -> None:
    first, second = story.nodes()
    assert [first["title"], second["title"]] == ["first run", "second"]
    assert (first["previous_id"], second["previous_id"]) == (
        story.ids["root"],
        first["id"],
    )
    assert {first["workflow_id"], second["workflow_id"]} == {story.ids["workflow"]}
    given = story.api.get(f"plugins/instances/{first['id']}/parameters/")["results"]
    assert {one["param_name"]: one["value"] for one in given}["prefix"] == "w_"
    if story.generation >= 7:
        # 6.11 refuses a run without any argument of its own (cube-api 14.2.1).
        assert {first["status"], second["status"]} == {"finishedSuccessfully"}
    found = story.api.get(
        "plugins/instances/search/", workflow_id=story.ids["workflow"]
    )
    assert found["count"] == 2


def test_a_workflow_that_cannot_be_made_makes_nothing(story: Story) -> None:
    before = story.api.get("plugins/instances/")["count"]
    path = f"pipelines/{story.ids['pipeline']}/workflows/"
    for body in (
        {"previous_plugin_inst_id": 999_999},
        {"previous_plugin_inst_id": story.ids["root"], "nodes_info": "[1"},
        {
            "previous_plugin_inst_id": story.ids["root"],
            "nodes_info": json.dumps(
                [
                    {
                        "piping_id": story.ids["piping"] + 1,
                        "plugin_parameter_defaults": [
                            {"name": "dummyInt", "default": "many"}
                        ],
                    }
                ]
            ),
        },
    ):
        assert story.api.http.post(path, json=body).status_code == 400
    assert story.api.get("plugins/instances/")["count"] == before


def test_deleting_a_workflow_cancels_what_runs(story: Story) -> None:
    api = story.api
    info = [
        {
            "piping_id": story.ids["piping"],
            "plugin_parameter_defaults": [{"name": "sleepLength", "default": "60"}],
        }
    ]
    made = api.http.post(
        f"pipelines/{story.ids['pipeline']}/workflows/",
        json={
            "previous_plugin_inst_id": story.ids["root"],
            "nodes_info": json.dumps(info),
        },
    ).json()
    path = f"pipelines/workflows/{made['id']}/"
    nodes = [one["id"] for one in api.get(f"{path}plugininstances/")["results"]]
    assert api.http.delete(path).status_code == 204
    assert api.http.get(path).status_code == 404
    deadline = time.monotonic() + 20
    while {api.instance(one)["status"] for one in nodes} != {"cancelled"}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
