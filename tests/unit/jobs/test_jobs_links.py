"""Links: what is written is read back, what is hostile is refused in words."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chrislib.cube.address import is_loopback
from chrislib.jobs.adopting import links
from chrislib.jobs.adopting.links import ForeignLink, Link, LinkRefused, SignedIn

HERE = SignedIn(1, "https://cube.example.org/api/v1/", "uuid-1")
STATION = SignedIn(2, "http://127.0.0.1:8123/api/v1/", "uuid-2")
IDS = st.integers(1, 10**15 - 1)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}(\.[a-z][a-z0-9]{0,5}){0,2}", fullmatch=True)
PORTS = st.none() | st.integers(1, 65535)


@given(feed=IDS, node=st.none() | IDS, name=st.none() | NAMES, port=PORTS)
def test_what_is_made_is_read_back(
    feed: int, node: int | None, name: str | None, port: int | None
) -> None:
    host = "" if name is None else name if port is None else f"{name}:{port}"
    text = links.make(feed_id=feed, node_id=node, host=host, server_uuid="a-1")
    place = f"feed/{feed}" + (f"/node/{node}" if node else "")
    assert links.parse(text) == Link(place, feed, node, host, "", "a-1")


@given(
    st.one_of(
        st.text(max_size=120),
        st.builds("chris:{}".format, st.text(max_size=80)),
        st.builds("chris://{}/feed/1".format, st.text(max_size=80)),
        st.builds("https://{}/api/v1/7/".format, st.text(max_size=80)),
        st.builds("https://cube.example.org{}".format, st.text(max_size=80)),
    )
)
@example("https://cube.example.org@evil.example/api/v1/1/")
@example("chris://[::1/feed/1")
@example("chris://cube.example.org:99999/feed/1")
@example("https://cube.example.org:٣/api/v1/7/")
def test_any_text_is_read_or_refused_and_never_leads_elsewhere(text: str) -> None:
    try:
        link = links.parse(text)
        place = links.owner(link, [HERE, STATION])
    except LinkRefused:
        return
    if link.host:
        # Whoever reads the text as a browser does gets to the same server.
        shown = text.strip() if "://" in text else f"https://{text.strip()}"
        there = urlsplit(shown)
        mine = urlsplit(place.base_url)
        assert (there.hostname or "").rstrip(".") == mine.hostname or (
            place is STATION and is_loopback(there.hostname or "")
        )
    for number in (link.feed_id, link.node_id):
        assert number is None or 0 < number < 10**15


@pytest.mark.parametrize(
    ("text", "feed", "node"),
    [
        ("chris:feed/12/node/34", 12, 34),
        ("CHRIS:feed/12", 12, None),
        ("chris://cube.example.org/feed/12", 12, None),
        ("chris://CUBE.example.org:443/feed/12/", 12, None),
        ("https://cube.example.org/api/v1/plugins/instances/34/", None, 34),
        ("https://cube.example.org/api/v1/plugins/instances/34/parameters/", None, 34),
        ("cube.example.org/api/v1/12/", 12, None),
        ("https://cube.example.org/api/v1/12/plugininstances/?limit=5", 12, None),
        ("https://cube.example.org/feeds/12?type=private", 12, None),
        ("http://localhost:8123/api/v1/12/", 12, None),
    ],
)
def test_links_of_servers_one_is_signed_in_to(
    text: str, feed: int | None, node: int | None
) -> None:
    link = links.parse(f"  {text}\n")
    assert (link.feed_id, link.node_id) == (feed, node)
    owner = links.owner(link, [HERE, STATION])
    assert owner is (STATION if "8123" in text else HERE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "chris:feed/12/../../inbox",
        "chris:feed/²",
        "chris:feed/１２",
        "chris:feed/0",
        "chris:feed/99999999999999999999",
        "chris:feed/12?run=rm",
        "chris:feed/12#x",
        "chris:https://evil.example/api/v1/1/",
        "chris://user:secret@cube.example.org/feed/1",
        "chris://cube.example.org\\@evil/feed/1",
        "chris:feed/1\u0000",
        "chris:feed/1 2",
        "https://cube.example.org/api/v1/users/3/",
        "https://cube.example.org/about",
        "chris:feed/" + "1" * 5000,
        "chris:library/%2e%2e/x",
    ],
)
def test_what_is_no_link_is_refused_in_words(text: str) -> None:
    with pytest.raises(LinkRefused) as refused:
        links.parse(text)
    assert not isinstance(refused.value, ForeignLink)
    assert "Nothing was sent" in refused.value.detail


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/api/v1/plugins/instances/3/",
        "https://cube.example.org.evil.example/api/v1/3/",
        "http://cube.example.org/api/v1/3/",
        "https://cube.example.org:8443/api/v1/3/",
        "chris://сube.example.org/feed/3",
        "chris:feed/3?server=uuid-9",
    ],
)
def test_a_link_of_another_server_is_named_and_not_followed(text: str) -> None:
    with pytest.raises(ForeignLink) as foreign:
        links.owner(links.parse(text), [HERE, STATION])
    assert "cube.example.org" in foreign.value.title
    assert foreign.value.title.isascii()


def test_a_server_that_moved_is_known_by_its_uuid() -> None:
    link = links.parse("chris://127.0.0.1:5000/feed/3?server=uuid-2")
    assert links.owner(link, [HERE, STATION]) is STATION


def test_a_server_that_was_set_up_anew_is_not_the_one_meant() -> None:
    link = links.parse("chris://cube.example.org/feed/3?server=older")
    with pytest.raises(ForeignLink, match="set up anew"):
        links.owner(link, [HERE])


def test_a_web_page_elsewhere_needs_the_users_word() -> None:
    link = links.parse("https://app.example.org/feeds/12?type=private")
    with pytest.raises(ForeignLink) as asked:
        links.owner(link, [HERE])
    host = asked.value.context["host"]
    assert host == "app.example.org"
    assert links.owner(link, [HERE], accept_host=host) is HERE


def test_without_a_sign_in_nothing_is_followed() -> None:
    with pytest.raises(ForeignLink, match="No server"):
        links.owner(links.parse("chris:feed/1"), [])
