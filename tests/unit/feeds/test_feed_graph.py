"""The layout of feeds: nothing overlaps, children stand below, and it is quick."""

import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.feeds.graph import NODE_HEIGHT, NODE_WIDTH, STEP_X, STEP_Y, layout


@st.composite
def feeds(draw: st.DrawFn) -> dict[int, tuple[int, ...]]:
    """A tree with joins, as a server has them: parents are older than children."""
    size = draw(st.integers(1, 40))
    parents: dict[int, tuple[int, ...]] = {1: ()}
    for node in range(2, size + 1):
        count = draw(st.sampled_from([1, 1, 1, 2, 3]))
        older = st.integers(1, node - 1)
        found = draw(st.lists(older, min_size=1, max_size=count, unique=True))
        parents[node] = tuple(found)
    return parents


@given(feeds())
@settings(max_examples=100, deadline=None)
def test_no_two_nodes_overlap_and_children_stand_below(
    parents: dict[int, tuple[int, ...]],
) -> None:
    placed = layout(parents)
    assert set(placed.positions) == set(parents)
    rows: dict[float, list[float]] = {}
    for x, y in placed.positions.values():
        rows.setdefault(y, []).append(x)
        assert 0 <= x <= placed.width - NODE_WIDTH + 1e-3
        assert 0 <= y <= placed.height - NODE_HEIGHT + 1e-3
    for row in rows.values():
        for left, right in pairwise(sorted(row)):
            assert right - left >= STEP_X - 1e-3
    for parent, child in placed.edges:
        assert placed.positions[child][1] >= placed.positions[parent][1] + STEP_Y
    assert len(placed.edges) == sum(len(listed) for listed in parents.values())


@given(feeds())
@settings(max_examples=50, deadline=None)
def test_the_same_feed_is_always_laid_out_alike(
    parents: dict[int, tuple[int, ...]],
) -> None:
    again = dict(reversed(parents.items()))
    assert layout(parents).positions == layout(again).positions


def test_a_parent_stands_over_the_middle_of_its_children() -> None:
    placed = layout({1: (), 2: (1,), 3: (1,), 4: (1,)}).positions
    assert placed[1][0] == placed[3][0]
    assert placed[2][0] < placed[3][0] < placed[4][0]


def test_a_join_stands_between_its_parents() -> None:
    placed = layout({1: (), 2: (1,), 3: (1,), 4: (2, 3)}).positions
    assert placed[4][0] == (placed[2][0] + placed[3][0]) / 2
    assert placed[4][1] == 2 * STEP_Y


def test_strangers_and_circles_do_no_harm() -> None:
    placed = layout({1: (99,), 2: (3,), 3: (2,), 4: (4, 1)})
    assert set(placed.positions) == {1, 2, 3, 4}
    assert (4, 4) not in placed.edges
    assert layout({}).positions == {}


def test_two_thousand_nodes_take_less_than_a_second() -> None:
    wide = {1: ()} | {n: (n // 2,) for n in range(2, 2001)}
    deep = {1: ()} | {n: (n - 1,) for n in range(2, 2001)}
    joins = {1: (), 2: (1,), 3: (1,)} | dict.fromkeys(range(4, 2001), (2, 3))
    for parents in (wide, deep, joins):
        begin = time.process_time()
        layout(parents)
        assert time.process_time() - begin < 1.0
