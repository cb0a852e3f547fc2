"""Folded branches hide nothing that something else needs."""

from hypothesis import given
from hypothesis import strategies as st

from chrislib.feeds.branches import Branches

PARENTS = {1: [], 2: [1], 3: [2], 4: [2], 5: [1], 6: [3, 5], 7: [6]}


@st.composite
def feeds(draw: st.DrawFn) -> dict[int, list[int]]:
    count = draw(st.integers(1, 25))
    parents: dict[int, list[int]] = {1: []}
    for node in range(2, count + 1):
        many = draw(st.integers(1, min(3, node - 1)))
        parents[node] = draw(
            st.lists(st.integers(1, node - 1), min_size=1, max_size=many, unique=True)
        )
    return parents


def reached(parents: dict[int, list[int]], *, without: int) -> set[int]:
    """Return what the first node leads to when one node is taken out."""
    found = {1} - {without}
    for node in sorted(parents):
        if node != without and any(p in found for p in parents[node]):
            found.add(node)
    return found


def test_a_join_belongs_to_what_both_of_its_parents_hang_under() -> None:
    branches = Branches(PARENTS)
    assert branches.below(2) == (3, 4)
    assert branches.below(1) == (2, 5, 6, 3, 4, 7)
    assert branches.below(7) == ()


def test_finished_branches_fold_from_the_top() -> None:
    branches = Branches(PARENTS)
    assert branches.finished({1, 2, 3, 4, 5}) == {1: (2, 5, 3, 4)}
    assert branches.finished({2, 3, 4}) == {1: (2, 3, 4)}
    assert branches.finished({3, 4}) == {2: (3, 4)}
    assert branches.finished({4}) == {}
    opened = branches.finished({1, 2, 3, 4, 5}, among={2, 3, 4, 5})
    assert opened == {2: (3, 4)}


def test_a_fold_stands_where_its_nodes_hung() -> None:
    folded = Branches(PARENTS).fold({2: (3, 4)})
    assert folded.folds == {-2: (3, 4)}
    assert folded.parents == {
        1: (), 2: (1,), 5: (1,), 6: (-2, 5), 7: (6,), -2: (2,),
    }  # fmt: skip
    assert folded.shown_as(3) == -2
    assert folded.shown_as(6) == 6


@given(feeds())
def test_below_a_node_is_what_cannot_be_reached_without_it(
    parents: dict[int, list[int]],
) -> None:
    branches = Branches(parents)
    for node in parents:
        lost = set(parents) - reached(parents, without=node) - {node}
        assert set(branches.below(node)) == lost


@given(feeds(), st.sets(st.integers(1, 25)))
def test_folds_hide_ready_nodes_only_and_each_node_is_drawn_once(
    parents: dict[int, list[int]], ready: set[int]
) -> None:
    branches = Branches(parents)
    found = branches.finished(ready)
    folded = branches.fold(found)
    hidden = [one for held in folded.folds.values() for one in held]
    assert set(hidden) <= ready
    assert len(hidden) == len(set(hidden))
    shown = {node for node in folded.parents if node > 0}
    assert shown | set(hidden) == set(parents)
    assert not shown & set(hidden)
    for listed in folded.parents.values():
        assert set(listed) <= set(folded.parents)


def test_circles_and_strangers_do_no_harm() -> None:
    branches = Branches({1: [2], 2: [1], 3: [3, 99]})
    assert branches.finished({1, 2, 3}) == {}
    assert set(branches.fold({}).parents) == {1, 2, 3}
