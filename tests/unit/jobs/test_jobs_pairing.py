"""Which run a lost submission made: interchangeable ones in order, never one twice."""

from hypothesis import given
from hypothesis import strategies as st

from chrislib.jobs.submission.pairing import Candidate, Wanted, pair

TITLES = st.sampled_from(["", "copy", "copy ", "other"])
WANTED = st.lists(st.tuples(TITLES, st.booleans()), max_size=6)


def wanted_of(drawn: list[tuple[str, bool]]) -> list[Wanted[int]]:
    """Return intents numbered as they were made; some have a nonce."""
    return [
        Wanted(
            number,
            f"{title.strip()} n{number:05}".strip() if nonce else title,
            f"n{number:05}" if nonce else "",
        )
        for number, (title, nonce) in enumerate(drawn)
    ]


@given(WANTED, st.lists(st.tuples(st.integers(1, 40), TITLES), max_size=8))
def test_no_run_is_given_twice_and_nothing_is_guessed(
    drawn: list[tuple[str, bool]], runs: list[tuple[int, str]]
) -> None:
    wanted = wanted_of(drawn)
    candidates = [Candidate(number, title) for number, title in runs]
    result = pair(wanted, candidates)
    assert len(set(result.found.values())) == len(result.found)
    assert set(result.found.values()) <= {number for number, _ in runs}
    titles: dict[int, set[str]] = {}
    for number, title in runs:
        titles.setdefault(number, set()).add(title.strip())
    for intent in wanted:
        run = result.found.get(intent.key)
        assert run is None or intent.title.strip() in titles[run]
        # One with a nonce is found by it or not at all: there is nothing to ask.
        if intent.nonce:
            assert intent.key not in result.unclear + result.doubtful
    assert not set(result.unclear) & set(result.found)
    assert not set(result.doubtful) & set(result.found)


@given(st.integers(1, 6), st.integers(0, 6), st.permutations(range(6)))
def test_like_ones_are_paired_in_the_order_they_were_made(
    intents: int, runs: int, order: list[int]
) -> None:
    wanted = [Wanted(number, "copy") for number in range(intents)]
    candidates = [Candidate(10 + n, "copy") for n in order if n < runs]
    result = pair(wanted, candidates)
    if runs > intents:
        assert result.found == {}
        assert result.unclear == tuple(range(intents))
    else:
        assert result.found == {number: 10 + number for number in range(runs)}
        assert result.unclear == ()


@given(st.data())
def test_every_run_with_a_nonce_is_found_among_any_others(data: st.DataObject) -> None:
    wanted = wanted_of([("copy", True)] * 3)
    mine = [Candidate(100 + w.key, w.title) for w in wanted]
    others = [Candidate(n, "copy") for n in range(data.draw(st.integers(0, 5)))]
    shuffled = data.draw(st.permutations(mine + others))
    result = pair(wanted, shuffled)
    assert result.found == {w.key: 100 + w.key for w in wanted}


def test_a_run_of_another_title_is_doubted_not_taken() -> None:
    result = pair([Wanted(0, "copy")], [Candidate(1, "renamed since")])
    assert result.found == {}
    assert result.doubtful == (0,)
    assert pair([Wanted(0, "copy")], []).doubtful == ()
