"""New titles by a pattern."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.types import FeedId
from chrislib.feeds.bulk import copy_title, folder_names, merge_title
from chrislib.feeds.model import FeedRow
from chrislib.feeds.renaming import LIMIT, new_title, problem_of, unknown_marks


def row(number: int, title: str = "Head", owner: str = "alex") -> FeedRow:
    return FeedRow(
        id=FeedId(number),
        title=title,
        owner=owner,
        created=datetime(2026, 3, 4, 23, 30, tzinfo=UTC),
        public=False,
        states={"ready": 1},
    )


def test_every_mark_has_its_value() -> None:
    rows = [row(7), row(8, "Spine {n}")]
    pattern = "{n:3}  {NAME}, {date} {owner} #{id} {nobody}"
    titles = [new_title(pattern, one, n, zone=UTC) for n, one in enumerate(rows, 9)]
    assert titles == [
        "009 Head, 2026-03-04 alex #7 {nobody}",
        # what a title holds is a title, not a pattern
        "010 Spine {n}, 2026-03-04 alex #8 {nobody}",
    ]
    assert unknown_marks(pattern) == ["{nobody}"]
    assert problem_of("")
    assert problem_of("x" * (LIMIT + 1))
    assert not problem_of("x" * LIMIT)


@given(st.text(max_size=40), st.lists(st.text(max_size=250), min_size=1, max_size=5))
def test_any_pattern_and_title_give_something_to_look_at(
    pattern: str, titles: list[str]
) -> None:
    rows = [row(number, title) for number, title in enumerate(titles, 1)]
    for one in rows:
        title = new_title(pattern, one, 1)
        assert title == " ".join(title.split())
    assert all(len(copy_title(one)) <= 100 for one in rows)
    assert len(merge_title(rows)) <= 100
    names = list(folder_names(rows).values())
    # each has a folder of its own that stays below the one that was chosen
    assert len(set(names)) == len(rows)
    assert not any("/" in name or name in {".", ".."} for name in names)
