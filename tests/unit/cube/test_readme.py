"""Reading a README from a forge: who is asked, for what, and what is taken."""

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.cube.forges import FORGES, Repository, repository_of
from chrislib.cube.readme import MOST_BYTES, ReadmeProblem, read_readme
from tests.services.forge import LocalForge, local_forge, reply

_FOLDER = "/FNNDSC/pl-x/HEAD"


@pytest.fixture
def forge() -> Iterator[LocalForge]:
    with local_forge() as made:
        yield made


@pytest.fixture
def repository(forge: LocalForge) -> Repository:
    return Repository(forge.forge, "FNNDSC/pl-x")


@pytest.mark.parametrize(
    ("address", "file"),
    [
        (
            "https://github.com/FNNDSC/pl-dcm2niix",
            "https://raw.githubusercontent.com/FNNDSC/pl-dcm2niix/HEAD/README.md",
        ),
        (
            " http://www.GitHub.com/a/b.git/tree/main?tab=readme#readme ",
            "https://raw.githubusercontent.com/a/b/HEAD/README.md",
        ),
        (
            "https://gitlab.com/group/sub/tool/-/tree/main",
            "https://gitlab.com/group/sub/tool/-/raw/HEAD/README.md",
        ),
        ("https://github.com/FNNDSC", ""),
        ("https://github.com/a/..", ""),
        ("https://github.com/a/b%2F..%2Fc", ""),
        ("https://github.com:8443/a/b", ""),
        ("https://github.com@evil.example/a/b", ""),
        ("https://who@github.com/a/b", ""),
        ("https://github.com.evil.example/a/b", ""),
        ("https://evil.example/github.com/a/b", ""),
        ("https://[github.com/a/b", ""),
        ("https://github.com:x/a/b", ""),
        ("ftp://github.com/a/b", ""),
        ("git@github.com:a/b.git", ""),
        ("http://wiki", ""),
        ("", ""),
    ],
)
def test_only_repositories_of_known_forges_are_asked(address: str, file: str) -> None:
    found = repository_of(address)
    assert (found.file("README.md") if found else "") == file


_PIECES = st.sampled_from(
    [
        *"/@:#?-ab\\\n ",
        "https://",
        "github.com",
        "gitlab.com",
        "evil.example",
        "..",
        ".git",
    ]
)


@settings(max_examples=60)
@given(st.lists(_PIECES, max_size=12).map("".join))
def test_no_address_leads_away_from_a_forge(address: str) -> None:
    found = repository_of(address)
    if found is not None:
        url = found.file("README.md")
        assert url.startswith(tuple(f"{one.raw}/" for one in FORGES))
        assert not set("\\@?#%\n ") & set(url)
        assert "/../" not in url
        assert url.startswith("https://")


async def test_nothing_but_the_address_goes_out(
    forge: LocalForge, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cookie(asked: BaseHTTPRequestHandler) -> None:
        reply(asked, b"", status=404, set_cookie="who=me; Path=/")

    # what the environment says of proxies is not for this computer
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    forge.put(f"{_FOLDER}/README.md", cookie)
    forge.put(f"{_FOLDER}/README.rst", "pl-x\n====\n")
    told: list[tuple[int, int | None]] = []
    found = await read_readme(repository, lambda *now: told.append(now))
    assert (found.name, found.text) == ("README.rst", "pl-x\n====\n")
    assert forge.asked == [f"{_FOLDER}/README.md", f"{_FOLDER}/README.rst"]
    allowed = {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert all(set(sent) == allowed for sent in forge.headers)
    assert forge.headers[0]["user-agent"] == "chrislib"
    assert told == [(10, 10)]


async def test_a_redirect_is_followed_on_the_same_host_only(
    forge: LocalForge, repository: Repository
) -> None:
    def sends_to(place: str) -> None:
        forge.put(
            f"{_FOLDER}/README.md",
            lambda asked: reply(asked, b"", status=301, location=place),
        )

    forge.put("/FNNDSC/pl-y/HEAD/README.md", "Moved.")
    sends_to("/FNNDSC/pl-y/HEAD/README.md")
    assert (await read_readme(repository)).text == "Moved."
    with local_forge() as other:
        other.put(f"{_FOLDER}/README.md", "Not to be read.")
        for place, word in (
            (f"{other.address}{_FOLDER}/README.md", "127.0.0.1"),
            ("https://evil.example/README.md", "evil.example"),
            ("//evil.example/README.md", "evil.example"),
            ("file:///etc/passwd", "another address"),
            ("https://<b>evil</b>/README.md", "another address"),
            ("https://[", "no address"),
            (f"{_FOLDER}/README.md", "circle"),
        ):
            sends_to(place)
            with pytest.raises(ReadmeProblem, match=word):
                await read_readme(repository)
        assert other.asked == []


def _endless(asked: BaseHTTPRequestHandler) -> None:
    asked.send_response(200)
    asked.end_headers()
    for _ in range(MOST_BYTES // 10_000 + 500):
        asked.wfile.write(b"x" * 10_000)


@pytest.mark.parametrize(
    ("answer", "title", "again"),
    [
        (lambda asked: reply(asked, b"", status=404), "There is no README.", False),
        (lambda asked: reply(asked, b"", status=429), "not given out", True),
        (lambda asked: reply(asked, b"", status=503), "not given out", True),
        (
            lambda asked: reply(asked, b"", content_length=str(MOST_BYTES + 1)),
            "too large",
            False,
        ),
        (_endless, "too large", False),
        (lambda asked: reply(asked, b"\x89PNG\r\n\x1a\n\0\0"), "no text", False),
        (
            lambda asked: reply(asked, b"<html>", content_type="text/html"),
            "no text",
            False,
        ),
        (
            lambda asked: reply(asked, b"\x1f\x8b", content_encoding="gzip"),
            "no text",
            False,
        ),
        (
            lambda asked: reply(asked, b"short", content_length="900"),
            "cannot be reached",
            True,
        ),
    ],
)
async def test_what_is_no_readme_is_said_in_words(
    forge: LocalForge,
    repository: Repository,
    answer: object,
    title: str,
    again: bool,
) -> None:
    assert callable(answer)
    forge.put(f"{_FOLDER}/README.md", answer)
    with pytest.raises(ReadmeProblem, match=title) as caught:
        await read_readme(repository)
    assert caught.value.retryable is again
    assert caught.value.detail


async def test_old_letters_are_read(forge: LocalForge, repository: Repository) -> None:
    forge.put(f"{_FOLDER}/README", "\ufeffGrüße".encode())
    assert (await read_readme(repository)).text == "Grüße"
    forge.put(f"{_FOLDER}/README", "Grüße".encode("latin-1"))
    assert (await read_readme(repository)).text == "Grüße"


async def test_nobody_there_silence_and_cancel(
    forge: LocalForge, repository: Repository
) -> None:
    forge.open.clear()
    with pytest.raises(ReadmeProblem, match="too long"):
        await read_readme(repository, seconds=0.2)
    forge.met.clear()
    # cancelled while it waits: nothing is left over
    reading = asyncio.ensure_future(read_readme(repository))
    assert await asyncio.to_thread(forge.met.wait, 60)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    forge.open.set()
    with local_forge() as gone:
        nobody = Repository(gone.forge, "a/b")
    with pytest.raises(ReadmeProblem, match="cannot be reached") as caught:
        await read_readme(nobody)
    assert caught.value.title == "github.com cannot be reached."
