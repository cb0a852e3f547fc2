"""Which links may be followed with the token, and which paths are ever sent."""

import json
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chrislib.cube.address import Address
from chrislib.cube.errors import ForeignOrigin, Refused
from chrislib.cube.storage_paths import path_as_stored, upload_path, usable_name
from chrislib.cube.wire import Wire

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("localhost:8000", "http://localhost:8000/api/v1/"),
        ("127.0.0.1:80", "http://127.0.0.1:80/api/v1/"),
        ("cube.example.org", "https://cube.example.org/api/v1/"),
        (" https://Cube.Example.org/ ", "https://cube.example.org/api/v1/"),
        ("http://c.org:81/api/v1/", "http://c.org:81/api/v1/"),
        ("http://c.org/api/v1", "http://c.org/api/v1/"),
        ("http://c.org/api/v1/plugins/3/", "http://c.org/api/v1/"),
        ("https://c.org/chris/", "https://c.org/chris/api/v1/"),
        ("https://me:pw@c.org/", "https://c.org/api/v1/"),
        ("http://[::1]:8000", "http://[::1]:8000/api/v1/"),
    ],
)
def test_addresses_as_people_type_them(typed: str, base: str) -> None:
    assert Address.parse(typed).base_url == base


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ("https://c.org/api/v1/7/?limit=2&offset=2", "7/?limit=2&offset=2"),
        ("/api/v1/7/", "7/"),
        # what a proxy that ends TLS makes of it
        ("http://c.org/api/v1/7/", "7/"),
        ("http://c.org:8000/api/v1/7/", "7/"),
        ("HTTPS://C.ORG/api/v1/?a=http://evil/", "?a=http://evil/"),
    ],
)
def test_links_are_rerooted(link: str, wanted: str) -> None:
    address = Address.parse("https://c.org/")
    assert address.reroot(link) == f"https://c.org/api/v1/{wanted}"


def test_a_proxy_prefix_is_kept() -> None:
    address = Address.parse("https://c.org/chris/")
    wanted = "https://c.org/chris/api/v1/7/"
    assert address.reroot("http://c.org/api/v1/7/") == wanted
    assert address.reroot("https://c.org/chris/api/v1/7/") == wanted


def test_loopback_names_are_one_host() -> None:
    address = Address.parse("http://127.0.0.1:9000/")
    assert address.reroot("http://localhost:8000/api/v1/1/") == (
        "http://127.0.0.1:9000/api/v1/1/"
    )


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.org/api/v1/7/",
        "https://c.org.evil.org/api/v1/7/",
        "https://c.org@evil.org/api/v1/7/",
        "//evil.org/api/v1/7/",
        "https://c.org/other/place/",
        "/etc/",
        "file:///api/v1/7/",
        "javascript:alert(1)",
        "https://c.org/api/v1/../../admin/",
        "https://[bad/api/v1/",
    ],
)
def test_foreign_links_are_refused(link: str) -> None:
    with pytest.raises(ForeignOrigin):
        Address.parse("https://c.org/").reroot(link)


@pytest.mark.parametrize(
    ("url", "gets_it"),
    [
        ("https://c.org/api/v1/", True),
        ("https://c.org:443/api/v1/", True),
        ("http://c.org/api/v1/", False),
        ("https://c.org:444/api/v1/", False),
        ("https://evil.org/api/v1/", False),
    ],
)
async def test_the_token_goes_to_the_configured_origin_only(
    url: str, gets_it: bool
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    address = Address.parse("https://c.org/")
    transport = httpx.MockTransport(answer)
    wire = Wire(address, token="secret", transport=transport, timeout=5)
    await wire.send("GET", url)
    await wire.aclose()
    (request,) = asked
    assert request.headers.get("authorization") == ("Token secret" if gets_it else None)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/home/a",
        "home/a/",
        "home//a",
        "home/../b",
        "..",
        "home/./b",
        "home/a,b",
        "home/a\nb",
        "home/a\0b",
        "home/x.chrislink",
        "home/" + "a" * 1024,
    ],
)
def test_paths_the_server_chokes_on_are_never_sent(path: str) -> None:
    with pytest.raises(Refused) as caught:
        upload_path(path)
    assert caught.value.fields["upload_path"]


def test_good_paths_pass_unchanged() -> None:
    for path in ("home/cube/uploads/a b/ü#?%.dcm", "home/a", "home/...a/b..c"):
        assert upload_path(path) == path


def test_where_an_upload_lands_is_foretold_as_recorded() -> None:
    path = DATA / "recordings" / "userfiles-upload-odd-name.json"
    recorded = json.loads(path.read_text())
    asked = recorded["request"]["body"]["multipart"]["fields"]["upload_path"]
    assert path_as_stored(asked) == recorded["response"]["body"]["fname"]
    assert path_as_stored("home/a b/ü 1.dcm") == "home/a b/ü_1.dcm"


@given(st.text(max_size=60))
def test_a_usable_name_is_one_good_part(name: str) -> None:
    made = usable_name(name)
    assert "/" not in made
    assert upload_path(f"home/cube/{made}") == f"home/cube/{made}"


@given(st.text(alphabet="abcDEF019._- üß", min_size=1, max_size=30))
def test_a_good_name_is_left_alone(name: str) -> None:
    if name.strip() == name and name.strip(".") and not name.endswith(".chrislink"):
        assert usable_name(name) == name
