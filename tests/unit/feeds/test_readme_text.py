"""READMEs as forges take them become plain Markdown."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chrislib.cube.forges import repository_of
from chrislib.feeds.markdown import blocks
from chrislib.feeds.readme_text import readable

_README = """<!-- a comment
over lines -->
<h1 align="center">pl-bet</h1>
<p align="center"><img src="https://x.example/logo.png" alt="The logo"></p>

[![Build](https://github.com/a/b/actions/workflows/ci.yml/badge.svg)](https://ci)
![License](https://img.shields.io/github/license/a/b)

Usage
-----

| Option | What it does |
|--------|:-------------|
| `--fast` | quick \\| rough |
| --out |

See [how](docs/how.md#top), [above](#usage), [out](../../x),
[_web_](https://w.example/a).

![Result](pictures/brain.png)

    docker run <input> <output>
    more

- one
    continued
- two <b>bold</b><br>next

```shell
pl-bet <br> [x](y)   # stays
<!-- stays -->
```
"""


def test_what_forges_take_is_read() -> None:
    text = readable(_README, repository_of("https://github.com/a/b"))
    assert text.splitlines() == [
        "# pl-bet",
        "",
        "Picture: The logo",
        "",
        "## Usage",
        "",
        "```",
        "Option    What it does",
        "────────  ─────────────",
        "`--fast`  quick | rough",
        "--out",
        "```",
        "",
        "See [how](https://github.com/a/b/blob/HEAD/docs/how.md), above, out, "
        "[web](https://w.example/a).",
        "",
        "[Picture: Result](https://github.com/a/b/blob/HEAD/pictures/brain.png)",
        "",
        "```",
        "docker run <input> <output>",
        "more",
        "```",
        "",
        "- one continued",
        "- two **bold**",
        "next",
        "",
        "```shell",
        "pl-bet <br> [x](y)   # stays",
        "<!-- stays -->",
        "```",
    ]
    kinds = [block.kind for block in blocks(text)]
    assert kinds.count("code") == 3
    assert kinds.count("heading") == 2


_LINES = ["\n", "\n\n", "    ", "\t", "```", "~~~", "|", "---", "===", "- ", "word "]
_MARKS = ["<b>", "</p>", "<h2>", "<img alt='x'>", "[", "]", "![", "[![", "<word>"]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(_LINES + _MARKS), max_size=40).map("".join))
def test_no_word_is_lost(text: str) -> None:
    made = readable(text)
    assert made.count("word") == text.count("word")
    assert blocks(made) is not None


def test_time_grows_with_the_length_only() -> None:
    for piece in (
        "[![",
        "<a ",
        "<!--",
        "|-",
        "[a](",
        "    x\n\n",
        "- \n",
        "`",
        "[![](a ",
    ):
        readable(piece * 10_000)
