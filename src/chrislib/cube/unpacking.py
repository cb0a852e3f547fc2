"""Large results of lookups, unpacked piece by piece: the window goes on meanwhile."""

import asyncio
import base64
import binascii
import json
import re
import zlib
from collections.abc import AsyncIterator, Mapping

from chrislib.aio import Breather

MOST_INFLATED = 256 * 1024 * 1024
_GAP = re.compile(r"[\s,]*")


async def unpack_list(text: str) -> tuple[Mapping[str, object], ...]:
    """Return the objects of base64(zlib(JSON list)) (a thread, then small steps).

    What cannot be read ends the list: the objects before it are kept.
    """
    return tuple([thing async for thing in _objects(text)])


async def _objects(text: str) -> AsyncIterator[Mapping[str, object]]:
    # the thread holds the interpreter for a moment only: zlib lets go of it
    data = await asyncio.to_thread(_inflate, text)
    at = data.find("[") + 1
    if not at:
        return
    decoder, breather = json.JSONDecoder(), Breather()
    while True:
        gap = _GAP.match(data, at)
        at = gap.end() if gap is not None else at
        if at >= len(data) or data[at] == "]":
            return
        try:
            thing, at = decoder.raw_decode(data, at)
        except (ValueError, RecursionError):
            return
        if isinstance(thing, dict):
            yield thing
        await breather.rest()


def _inflate(text: str) -> str:
    try:
        inflater = zlib.decompressobj()
        data = inflater.decompress(base64.b64decode(text), MOST_INFLATED)
        if inflater.unconsumed_tail:
            return ""
        return data.decode("utf-8", errors="replace")
    except (ValueError, binascii.Error, zlib.error):
        return ""
