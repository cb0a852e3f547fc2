"""The plugins themselves, each in its own environment, from input to output."""

import io
import json
from typing import Any

import pytest
from PIL import Image

_REFERENCE = {
    "pl-mni152_template": "MNI152_T1_1mm_brain.nii.gz",
    "pl-mni152_tissues": "MNI152_grey_matter.nii.gz",
    "pl-brain_regions": "power_2011/power_2011.csv",
    "pl-fsaverage5": "pial_left.gii.gz",
    "pl-dicom_samples": "MR/MR2_J2KI.dcm",
}


def _outputs(api: Any, instance: Any) -> dict[str, Any]:
    path = instance["output_path"] + "/"
    found = api.get("userfiles/search/", fname=path, limit=1000)["results"]
    return {file["fname"].removeprefix(path): file for file in found}


def _finished(api: Any, ident: int) -> Any:
    ended = api.finish(ident, seconds=120)
    assert ended["status"] == "finishedSuccessfully", ended["summary"]
    return ended


@pytest.fixture(scope="module")
def phantom(station: Any, api_class: Any) -> Any:
    api = api_class(station)
    run = api.run("pl-phantom_ct", slices=12, matrix=64, title="Phantom")
    ended = _finished(api, run["id"])
    api.http.close()
    return ended


@pytest.mark.parametrize("name", sorted(_REFERENCE))
def test_reference_data_make_a_feed(api: Any, name: str) -> None:
    run = api.run(name, title=f"Reference {name}")
    ended = _finished(api, run["id"])
    assert _REFERENCE[name] in _outputs(api, ended)
    assert api.get(f"{ended['feed_id']}/")["name"] == f"Reference {name}"


def test_reference_data_are_found_by_words(api: Any) -> None:
    found = api.get("plugins/metas/search/", type="fs", name_title_category="mni152")
    names = [meta["name"] for meta in found["results"]]
    assert names == ["pl-mni152_tissues", "pl-mni152_template"]
    words = api.get("plugins/search/", type="fs", description="hounsfield")
    assert [plugin["name"] for plugin in words["results"]] == ["pl-phantom_ct"]


def test_dicom_becomes_nifti_becomes_pictures(api: Any, phantom: Any) -> None:
    converted = api.run("pl-dcm2niix", previous_id=phantom["id"], f="%s_%d", z="i")
    pictures = api.run(
        "pl-pictures", previous_id=converted["id"], count=3, plane="coronal", size=128
    )
    nifti = _outputs(api, _finished(api, converted["id"]))
    assert sorted(nifti) == ["1_Ellipsoids_axial.json", "1_Ellipsoids_axial.nii.gz"]
    made = _outputs(api, _finished(api, pictures["id"]))
    report = json.loads(api.http.get(made["report.json"]["file_resource"]).content)
    (entry,) = report["made"]
    assert (entry["kind"], entry["plane"], entry["shape"]) == (
        "nifti",
        "coronal",
        [64, 64, 12],
    )
    assert len(entry["pictures"]) == 3
    for name in entry["pictures"]:
        content = api.http.get(made[name]["file_resource"]).content
        with Image.open(io.BytesIO(content)) as picture:
            assert max(picture.size) == 128


def test_pictures_of_dicom_name_what_is_no_image(api: Any, phantom: Any) -> None:
    api.upload("home/local/uploads/p-mixed/notes.txt", b"not an image")
    slice_ = next(
        f for n, f in _outputs(api, phantom).items() if n.endswith("0006.dcm")
    )
    content = api.http.get(slice_["file_resource"]).content
    api.upload("home/local/uploads/p-mixed/slice.dcm", content)
    root = api.run("pl-dircopy", dir="home/local/uploads/p-mixed")
    run = api.run("pl-pictures", previous_id=root["id"], format="jpg")
    made = _outputs(api, _finished(api, run["id"]))
    report = json.loads(api.http.get(made["report.json"]["file_resource"]).content)
    assert report["not_images"] == ["home_local_uploads_p-mixed/notes.txt"]
    assert report["made"][0]["modality"] == "CT"
    assert len(report["made"][0]["pictures"]) == 1


def test_pictures_of_nothing_fail_in_words(api: Any) -> None:
    api.upload("home/local/uploads/p-words/a.txt")
    root = api.run("pl-dircopy", dir="home/local/uploads/p-words")
    run = api.run("pl-pictures", previous_id=root["id"], count=1)
    ended = api.finish(run["id"])
    assert ended["status"] == "finishedWithError"
    assert "nothing to make a picture of" in ended["summary"]


def test_dircopy_links_each_path_it_is_given(api: Any) -> None:
    api.upload("home/local/uploads/p-two/a.txt")
    api.upload("home/local/uploads/p-three/b.txt")
    dirs = "home/local/uploads/p-two, home/local/uploads/p-three/b.txt/"
    root = _finished(api, api.run("pl-dircopy", dir=dirs)["id"])
    folder = root["output_folder"]
    links = api.get(f"{folder}linkfiles/")["results"]
    assert [link["fname"].rpartition("/")[2] for link in links] == [
        "home_local_uploads_p-two.chrislink",
        "home_local_uploads_p-three_b.txt.chrislink",
    ]
    assert links[0]["linked_folder"]
    assert links[1]["linked_file"]
    assert api.get(f"{folder}files/")["count"] == 0
    assert api.get(f"{folder}children/")["count"] == 0
    child = api.run("pl-simpledsapp", previous_id=root["id"], prefix="x_")
    assert sorted(_outputs(api, _finished(api, child["id"]))) == [
        "home_local_uploads_p-two/x_a.txt",
        "x_home_local_uploads_p-three_b.txt",
    ]


def test_topologicalcopy_joins_filtered_outputs(api: Any) -> None:
    for name in ("a.txt", "b.csv"):
        api.upload(f"home/local/uploads/p-join/{name}")
    root = api.run("pl-dircopy", dir="home/local/uploads/p-join")
    left = api.run("pl-simpledsapp", previous_id=root["id"], prefix="l_")
    right = api.run("pl-simpledsapp", previous_id=root["id"], prefix="r_")
    both = f"{left['id']},{right['id']}"
    grouped = api.run(
        "pl-topologicalcopy",
        previous_id=left["id"],
        plugininstances=both,
        filter=r"\.txt$,\.csv$",
        groupByInstance=True,
    )
    flat = api.run("pl-topologicalcopy", previous_id=right["id"], plugininstances=both)
    assert grouped["status"] == "waiting"
    inside = "home_local_uploads_p-join"
    assert sorted(_outputs(api, _finished(api, grouped["id"]))) == sorted(
        [f"{left['id']}/{inside}/l_a.txt", f"{right['id']}/{inside}/r_b.csv"]
    )
    assert len(_outputs(api, _finished(api, flat["id"]))) == 4
    # A copy is a file of its own: it stays when what it was copied from goes.
    api.http.delete(f"plugins/instances/{right['id']}/")
    api.gone(f"plugins/instances/{right['id']}/")
    kept = _outputs(api, api.instance(grouped["id"]))
    content = api.http.get(next(iter(kept.values()))["file_resource"]).content
    assert content == b"hello world\n"


def test_names_of_outputs_are_kept_and_reached_by_any_suffix(api: Any) -> None:
    api.upload("home/local/uploads/p-odd/a.txt")
    root = api.run("pl-dircopy", dir="home/local/uploads/p-odd")
    run = api.run("pl-simpledsapp", previous_id=root["id"], prefix="we#ird?%20 ü")
    (file,) = _outputs(api, _finished(api, run["id"])).values()
    assert file["fname"].endswith("/we#ird?%20 üa.txt")
    assert file["file_resource"].endswith("/we#ird?%20 üa.txt")
    assert api.http.get(f"{file['url']}anything").content == b"hello world\n"
