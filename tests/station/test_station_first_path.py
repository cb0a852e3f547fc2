"""Upload, root, child, result: the path everything else builds on."""

from typing import Any


def test_an_upload_becomes_a_result(api: Any) -> None:
    api.upload("home/local/uploads/first/a.txt")
    root = api.run("pl-dircopy", dir="home/local/uploads/first", title="First")
    child = api.run("pl-simpledsapp", previous_id=root["id"], prefix="x_")
    assert (root["status"], child["status"]) == ("copying", "waiting")
    ended = api.finish(child["id"])
    assert ended["status"] == "finishedSuccessfully", ended["summary"]
    files = api.get("userfiles/search/", fname=ended["output_path"] + "/")["results"]
    below = ended["output_path"] + "/home_local_uploads_first"
    assert [file["fname"] for file in files] == [f"{below}/x_a.txt"]
    assert api.http.get(files[0]["file_resource"]).content == b"hello world\n"
