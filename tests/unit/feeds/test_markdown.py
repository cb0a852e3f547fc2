"""Markdown of people one does not know: what is read, and what hostile text does."""

import time
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.feeds import markdown
from chrislib.feeds.markdown import Block, Span, address, blocks, spans


def test_what_people_write_is_read() -> None:
    text = """# Chiari pilot
Second line of *the* head
with a **bold** word and snake_case_name

- one
  - two `code`
3) three
- [x] looked at
> quoted
---
```python
<b>not bold</b>
```
"""
    assert blocks(text) == [
        Block("heading", (Span("Chiari pilot"),), 1),
        Block(
            "text",
            (
                Span("Second line of "),
                Span("the", italic=True),
                Span(" head\nwith a "),
                Span("bold", bold=True),
                Span(" word and snake_case_name"),
            ),
        ),
        Block("item", (Span("one"),), 0, "•"),
        Block("item", (Span("two "), Span("code", code=True)), 1, "•"),
        Block("item", (Span("three"),), 0, "3."),
        Block("item", (Span("looked at"),), 0, "☑"),
        Block("quote", (Span("quoted"),)),
        Block("rule"),
        Block("code", (Span("<b>not bold</b>", code=True),)),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("***a***", [Span("a", bold=True, italic=True)]),
        ("**a *b* c**", [Span("a ", bold=True), Span("b", bold=True, italic=True),
                         Span(" c", bold=True)]),
        ("2 * 3 * 4", [Span("2 * 3 * 4")]),
        ("a**b", [Span("a**b")]),
        (r"\*a\*", [Span("*a*")]),
        ("~~no~~", [Span("no", struck=True)]),
        ("``a ` b``", [Span("a ` b", code=True)]),
        ("[site](https://a.org/x)", [Span("site", link="https://a.org/x")]),
        ("<b@c.org>", [Span("b@c.org", link="mailto:b@c.org")]),
        ("see https://a.org/x).", [Span("see "),
                                   Span("https://a.org/x", link="https://a.org/x"),
                                   Span(").")]),
        ("![x](http://a.org/p.png)", [Span("Picture: x", link="http://a.org/p.png")]),
        ("[x](javascript:alert(1))", [Span("[x](javascript:alert(1))")]),
        ("[x](file:///etc/passwd)", [Span("[x](file:///etc/passwd)")]),
        ("<img src=x onerror=y>", [Span("<img src=x onerror=y>")]),
    ],
)  # fmt: skip
def test_looks_inside_a_line(text: str, wanted: list[Span]) -> None:
    assert spans(text) == wanted


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("HTTPS://A.org", "https://a.org/"),
        ("http://a.org:8080/p?q=1#f", "http://a.org:8080/p?q=1#f"),
        ("https://аррle.com", "https://xn--le-6kc8da.com/"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("https://a.org/ä ö", "https://a.org/%C3%A4%20%C3%B6"),
        ("mailto:a@b.org?attach=/etc/passwd", "mailto:a@b.org"),
        ("https://bank.com@evil.org/", ""),
        ("https://a.org\\@evil.org/", ""),
        ("https://a.org/\u202egpj.exe", ""),
        ("https:///nohost", ""),
        ("http://a.org:99999/", ""),
        ("data:text/html,x", ""),
        ("vbscript:x", ""),
        ("//a.org/x", ""),
        ("mailto:a@b.org,c@d.org", ""),
        ("", ""),
    ],
)
def test_addresses(given_: str, shown: str) -> None:
    assert address(given_) == shown


_HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            ["*", "**", "_", "`", "```", "~~", "[", "](", ")", "!", "<", ">", "\\",
             "#", "- ", "1. ", "\n", "\r", "\u2028", "\u202e", "\u2066", "\ufffc",
             "\ufdd0", "\x00", "\x1b[31m", "\ud800", "http://", "https://a.org",
             "javascript:", "&lt;", "<script>", "<img src=http://a/b>", " ", "é", "א"]
        ),
        st.text(max_size=4),
    ),
    max_size=60,
).map("".join)  # fmt: skip


@given(_HOSTILE)
@settings(max_examples=200, deadline=None)
def test_nothing_hostile_comes_out(text: str) -> None:
    for block in blocks(text):
        for span in block.spans:
            assert span.text or block.kind == "code"
            assert markdown.clean(span.text) == span.text
            span.text.encode()
            if span.link:
                assert span.link.isascii()
                assert span.link.isprintable()
                assert urlsplit(span.link).scheme in ("http", "https", "mailto")
                assert address(span.link) == span.link


@given(st.text(alphabet="abc xyz.,", max_size=80))
@settings(max_examples=60, deadline=None)
def test_plain_words_stay_as_they_are(text: str) -> None:
    said = " ".join(span.text for block in blocks(text) for span in block.spans)
    assert said.split() == text.split()


@pytest.mark.parametrize(
    "piece", ["[", "*a", "`", "``` ", "<", "![", "[a](", "**_", "> ", "http://", "\\"]
)
def test_time_grows_with_the_length_only(piece: str) -> None:
    def cost(count: int) -> float:
        text = (piece * count)[: markdown.LIMIT]
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            blocks(text)
            best = min(best, time.process_time() - start)
        return best

    # linear is 16 times, quadratic 256 times as much
    few, many = cost(500), cost(8_000)
    assert many < 100 * few + 0.05
