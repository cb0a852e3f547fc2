"""Large results come out as small ones do, in pieces."""

import asyncio
import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube import reading
from chrislib.cube.unpacking import unpack_list

_things = st.lists(
    st.dictionaries(st.text(max_size=5), st.text(max_size=8), max_size=4), max_size=6
)


def packed(value: object) -> str:
    """Return base64(zlib(JSON)), as CUBE does."""
    return base64.b64encode(zlib.compress(json.dumps(value).encode())).decode()


@given(_things)
def test_pieces_are_the_whole(things: list[dict[str, str]]) -> None:
    assert asyncio.run(unpack_list(packed(things))) == tuple(things)


@pytest.mark.parametrize(
    "text", ["", "!", packed({"a": 1})[:8], packed("x"), packed([]), packed({})]
)
async def test_what_is_no_list_is_empty(text: str) -> None:
    assert await unpack_list(text) == ()


async def test_what_is_cut_off_keeps_what_was_before() -> None:
    raw = zlib.compress(b'[{"a": 1}, 7, {"b": 2}, {"c": ')
    found = await unpack_list(base64.b64encode(raw).decode())
    assert found == ({"a": 1}, {"b": 2})


def test_a_large_result_is_left_for_later() -> None:
    studies = [{"uid": str(n), "text": str(n * n * n)} for n in range(4000)]
    row = {"id": 1, "status": "succeeded", "query": "{}", "result": packed(studies)}
    query = reading.pacs_query(row)
    assert query.studies == ()
    assert asyncio.run(unpack_list(query.packed)) == tuple(studies)
