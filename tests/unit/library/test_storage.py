"""Storage without a window: lists, names, changes, what goes to the tray."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chrislib.cube.ascending import Ascending
from chrislib.cube.storage_paths import upload_path
from chrislib.errors import ChrislibError
from chrislib.jobs.model import DownloadIntent, UploadIntent
from chrislib.library.model import Source
from chrislib.library.storage import rules
from chrislib.library.storage.model import Entry, Leads, entry_of, natural
from chrislib.library.storage.names import name_problem, path_typed
from chrislib.library.storage.putting import put_plan
from tests.unit.library.storage_fakes import FakeFolders, Rig

UP = "home/alex/uploads"
# a machine with other work to do is no fault of these
calm = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


async def refusal(coro: Any) -> ChrislibError:
    """Return the error of something that must not work."""
    with pytest.raises(ChrislibError) as caught:
        await coro
    return caught.value


async def read(
    api: Any, folder_id: int, *, size: int, ahead: bool, between: Callable[[], Any]
) -> list[Any]:
    """Read all files of a folder, something happening between the pages."""
    pages = Ascending(api, folder_id, "files", size=size, ahead=ahead)
    found: list[Any] = []
    while pages.more:
        found += await pages.next()
        between()
    pages.close()
    return found


@calm
@given(
    names=st.sets(st.text("abc019", min_size=1, max_size=4), max_size=40),
    size=st.integers(1, 12),
    ahead=st.booleans(),
)
def test_pages_come_from_the_start_and_whole(
    names: set[str], size: int, ahead: bool
) -> None:
    api = FakeFolders()
    for name in names:
        api.file(f"{UP}/{name}")
    folder = api.by_path(UP)
    assert folder is not None
    whole = read(api, folder.id, size=size, ahead=ahead, between=lambda: None)
    found = asyncio.run(whole)
    assert [one.path for one in found] == sorted(f"{UP}/{name}" for name in names)


@calm
@given(seed=st.integers(0, 10_000), size=st.integers(1, 9), ahead=st.booleans())
def test_nothing_comes_twice_while_a_folder_changes(
    seed: int, size: int, ahead: bool
) -> None:
    rng, api = random.Random(seed), FakeFolders()
    stays = [api.file(f"{UP}/s{number:02d}") for number in range(25)]
    goes = [api.file(f"{UP}/g{number:02d}") for number in range(8)]
    folder = api.by_path(UP)
    assert folder is not None

    def change() -> None:
        if rng.random() < 0.5 and goes:
            api._drop(goes.pop(rng.randrange(len(goes))).path)
        elif rng.random() < 0.5:
            api.file(f"{UP}/{rng.choice('agst')}{rng.randrange(1000)}new")

    whole = read(api, folder.id, size=size, ahead=ahead, between=change)
    found = asyncio.run(whole)
    ids = [one.id for one in found]
    assert len(ids) == len(set(ids))
    # what was there all the time was seen, wherever the pages went
    seen = {one.path for one in found}
    missed = [one.path for one in stays if one.path not in seen]
    assert len(missed) <= 8, missed


@calm
@given(st.text(max_size=230))
def test_a_name_that_is_let_through_can_be_sent(name: str) -> None:
    if not name_problem(name, folder=UP):
        assert upload_path(f"{UP}/{name.strip()}") == f"{UP}/{name.strip()}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Write"),
        ("a/b", "slash"),
        ("..", "dots"),
        ("a,b", "comma"),
        ("a\x07b", "control"),
        ("x.CHRISLINK", "chrislink"),
        ("n" * 201, "201"),
    ],
)
def test_names_are_refused_in_words(name: str, said: str) -> None:
    assert said in name_problem(name, folder=UP)
    assert "1,024" in name_problem("n" * 180, folder="home/" + "d" * 900)


@calm
@given(st.lists(st.text("aB01 _.", max_size=6), max_size=12))
def test_names_sort_as_people_count(names: list[str]) -> None:
    ordered = sorted(names, key=natural)
    assert sorted(ordered) == sorted(names)
    counted = ["run.log", "Run1.log", "run2.log", "run10.log"]
    mixed = ["run10.log", "run2.log", "run.log", "Run1.log"]
    assert sorted(mixed, key=natural) == counted


def test_typed_paths_are_understood() -> None:
    assert path_typed(" /home/alex/ ") == "home/alex"
    assert path_typed("Storage / home / alex") == "home/alex"
    assert path_typed("/") == ""


def test_what_belongs_to_feeds_is_known_by_its_path() -> None:
    node = "home/alex/feeds/feed_12/pl-a_3/pl-b_44"
    assert (rules.feed_of(f"{node}/data/x.txt"), rules.node_of(f"{node}/data/x")) == (
        12,
        44,
    )
    assert rules.is_structure(node)
    assert rules.is_structure(f"{node}/data")
    assert not rules.is_structure(f"{node}/data/stats")
    assert rules.feed_of("home/alex/uploads/feed_12") is None


async def test_a_name_that_is_taken_is_never_written_over() -> None:
    rig = Rig()
    file = entry_of(rig.folders.file(f"{UP}/a.txt"))
    rig.folders.file(f"{UP}/b.txt")
    changing = rig.service().changing
    error = await refusal(changing.rename(file, "b.txt"))
    assert "there already" in error.title
    assert rig.folders.calls == []
    moved = await changing.rename(file, " c.txt ")
    assert moved.thing.path == f"{UP}/c.txt"
    back = await changing.undo([moved])
    assert back.moved[0].thing.path == f"{UP}/a.txt"


async def test_an_empty_folder_is_made_anew_where_a_server_cannot_move_it() -> None:
    rig = Rig()
    empty = entry_of(rig.folders.folder(f"{UP}/empty"))
    rig.folders.folder(f"{UP}/empty/inner/most")
    await rig.service().changing.rename(empty, "new")
    await rig.folders.deletion(empty.thing.id)
    below = [path for path in rig.folders.paths() if path.startswith(f"{UP}/")]
    assert below == [f"{UP}/new", f"{UP}/new/inner", f"{UP}/new/inner/most"]


async def test_moving_tells_what_stays_behind_and_why() -> None:
    rig = Rig()
    folder = entry_of(rig.folders.folder(f"{UP}/into"))
    rig.folders.file(f"{UP}/into/taken.txt")
    things = [
        rig.folders.file(f"{UP}/free.txt"),
        rig.folders.file(f"{UP}/taken.txt"),
        rig.folders.file(f"{UP}/theirs.txt", owner="eve"),
        rig.folders.by_path(f"{UP}/into"),
    ]
    entries = [entry_of(thing) for thing in things if thing is not None]
    outcome = await rig.service().changing.move(entries, folder)
    assert [one.thing.path for one in outcome.moved] == [f"{UP}/into/free.txt"]
    reasons = [error.title for _, error in outcome.failed]
    assert "there already" in reasons[0]
    assert "only read" in reasons[1]
    assert "into itself" in reasons[2]


async def test_a_deletion_is_followed_and_says_what_goes_with_it() -> None:
    rig = Rig()
    folder = rig.folders.folder(f"{UP}/old")
    rig.folders.file(f"{UP}/old/a.txt", 100)
    rig.folders.file(f"{UP}/old/in/b.txt", 200)
    rig.folders.file(f"{UP}/kept.txt")
    rig.folders.link(f"{UP}/old/to", f"{UP}/kept.txt")
    changing = rig.service().changing
    await rig.folders.grant(folder, "eve", is_group=False, right="r")
    weight = await changing.weigh([entry_of(folder)])
    assert (weight.files, weight.folders, weight.links) == (2, 2, 1)
    assert (weight.size, weight.shared) == (300, ("eve",))
    assert (await changing.weigh([entry_of(folder)], most=1)).at_least
    rig.folders.stuck = "disk full"
    failed = await changing.delete([entry_of(folder)])
    assert failed.failed[0][1].context["said"] == "disk full"
    rig.folders.stuck = ""
    done = await changing.delete([entry_of(folder)])
    assert done.done
    assert [p for p in rig.folders.paths() if p.startswith(f"{UP}/")] == [
        f"{UP}/kept.txt"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "home",
        "home/alex",
        "home/alex/feeds",
        "home/alex/feeds/feed_1",
        "home/alex/feeds/feed_1/pl-a_1/data",
        "SERVICES/PACS/X",
        "PUBLIC",
    ],
)
async def test_the_servers_own_folders_are_left_alone(path: str) -> None:
    rig = Rig()
    entry = entry_of(rig.folders.folder(path))
    changing = rig.service().changing
    assert (await refusal(changing.rename(entry, "new"))).hint
    assert (await changing.delete([entry])).failed
    assert [call for call in rig.folders.calls if call[0] != "create"] == []


async def test_links_stand_for_what_is_really_there() -> None:
    rig = Rig()
    target = rig.folders.file(f"{UP}/real.txt", 77)
    there = entry_of(rig.folders.link(f"{UP}/there", target.path))
    gone = entry_of(rig.folders.link(f"{UP}/gone", f"{UP}/nothing"))
    service = rig.service()
    assert (there.leads, there.path, gone.leads) == (
        Leads.FILE,
        target.path,
        Leads.NOWHERE,
    )
    assert (await service.resolve(there)).size == 77
    rig.folders.closed.add(target.id)
    assert (await service.resolve(there)).closed
    rig.folders.closed.clear()
    rig.folders._drop(target.path)
    assert (await service.resolve(there)).leads is Leads.NOWHERE
    found: list[Entry] = []
    await service.resolve_all([there, gone], found.append)
    assert [one.leads for one in found] == [Leads.NOWHERE]


async def test_what_is_ticked_is_a_thing_of_the_tray() -> None:
    rig = Rig()
    service = rig.service()
    folder = entry_of(rig.folders.folder(f"{UP}/study"))
    rig.folders.file(f"{UP}/study/a.dcm", 5)
    link = entry_of(rig.folders.link(f"{UP}/to", f"{UP}/study"))
    await service.tick([folder, link])
    # both are the same data: it is in the tray once
    items = rig.library.tray.items()
    assert [(item.source, item.path) for item in items] == [
        (Source.FILES, f"{UP}/study")
    ]
    await service.count_ticked(folder)
    assert (rig.library.tray.items()[0].images, rig.library.tray.items()[0].size) == (
        1,
        5,
    )
    assert service.ticked() == {f"{UP}/study"}
    home = entry_of(rig.folders.things["folder", 3])
    assert "Choose something inside" in (await refusal(service.tick([home]))).hint
    await service.untick([folder])
    assert not rig.library.known
    # a drag to the tray: offered, taken or not
    file = entry_of(rig.folders.file(f"{UP}/b.txt"))
    await service.offer([folder, file, home])
    rig.library.tray.add(service.item_of(file).item_id)
    await service.withdraw([folder, file, home])
    assert [item.path for item in rig.library.known.values()] == [f"{UP}/b.txt"]


async def test_downloads_and_uploads_are_jobs(tmp_path: Path) -> None:
    rig = Rig()
    service = rig.service()
    folder = entry_of(rig.folders.folder(f"{UP}/study"))
    gone = entry_of(rig.folders.link(f"{UP}/gone", f"{UP}/nothing"))
    await service.download([folder, gone], tmp_path)
    intent = rig.submitted[0]
    assert isinstance(intent, DownloadIntent)
    assert (intent.sources, intent.folder) == ((f"{UP}/study",), str(tmp_path))
    assert (await refusal(service.download([gone], tmp_path))).title
    rig.folders.file(f"{UP}/study/scan.txt")
    local = tmp_path / "scan.txt"
    local.write_text("x")
    inner = tmp_path / "more, of it"
    inner.mkdir()
    (inner / "a b.txt").write_text("yy")
    (inner / "round").symlink_to(inner)
    _, renamed = await service.put([local, inner], folder)
    intent = rig.submitted[1]
    assert isinstance(intent, UploadIntent)
    assert [file.remote for file in intent.files] == [
        f"{UP}/study/scan-2.txt",
        f"{UP}/study/more_of_it/a_b.txt",
    ]
    assert renamed == 2
    rig.library.required = True
    assert "de-identified" in (await refusal(service.put([local], folder))).title
    rig.library.required = False
    pacs = entry_of(rig.folders.folder("SERVICES/PACS"))
    assert (await refusal(service.put([local], pacs))).hint
    with pytest.raises(ChrislibError):
        put_plan([tmp_path / "not there"], folder=UP, taken=set())


async def test_sharing_says_who_it_cannot_find() -> None:
    rig = Rig()
    access = rig.service().access
    folder = entry_of(rig.folders.folder(f"{UP}/study"))
    assert not access.may_share(folder)
    theirs = entry_of(rig.folders.folder(f"{UP}/theirs", owner="eve"))
    assert "eve" in access.may_share(theirs)
    error = await refusal(access.grant(folder, "nobody", is_group=False, right="r"))
    assert "no person called “nobody”" in error.title
    await access.grant(folder, "eve", is_group=False, right="r")
    # the same once more is another right, not a refusal
    await access.grant(folder, "eve", is_group=False, right="w")
    assert ("regrant", "eve", "w") in rig.folders.calls


async def test_a_path_leads_to_its_folder() -> None:
    rig = Rig()
    service = rig.service()
    rig.folders.file(f"{UP}/study/a.txt")
    place = await service.place(f"/{UP}/study/a.txt")
    assert (place.folder.path, place.highlight) == (f"{UP}/study", "a.txt")
    assert (await service.place(f"{UP}/study")).highlight == ""
    assert (await refusal(service.place("nowhere/at/all"))).hint
    roots = await service.roots()
    assert [entry.label for entry in roots] == ["home"]
    rig.folders._drop("home")
    roots = await service.roots()
    assert [entry.path for entry in roots] == ["home/alex"]
