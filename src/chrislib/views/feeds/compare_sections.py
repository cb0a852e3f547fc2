"""What is shown of two nodes that are compared, part by part. Pure functions."""

from dataclasses import replace

from chrislib.feeds.compare_files import count_verdicts
from chrislib.feeds.compare_model import (
    FilesCompared,
    RunsCompared,
    count_lines,
    shown,
)
from chrislib.feeds.compare_nodes import NodePair
from chrislib.views.feeds.compare_rows import Section


def sections_of(
    pair: NodePair,
    runs: RunsCompared | None,
    files: FilesCompared | None,
    *,
    only: bool,
) -> list[Section]:
    """Return what is shown of a pair; what was not read yet is said to be on its way.

    Parameters
    ----------
    only : bool
        Leave out what is the same.
    """
    if pair.left is None or pair.right is None:
        side = "left" if pair.right is None else "right"
        note = f"Only the feed at the {side} has {pair.plugin_name} at this place."
        return [Section(pair.plugin_name, (), note)]
    if runs is None:
        found = [Section("Run", (), "Reading …")]
    else:
        given = count_lines(runs.parameters)
        found = [
            Section(
                "Run", tuple(shown(runs.run, only_differences=only)),
                _differ(count_lines(runs.run)),
            ),
            Section(
                "Parameters", tuple(shown(runs.parameters, only_differences=only)),
                _differ(given) if runs.parameters else "None were given",
            ),
        ]  # fmt: skip
    if files is None:
        return [*found, Section("Files", (), "Listing …")]
    kept = tuple(
        one for one in files.pairs if not only or one.verdict not in {"same", "size"}
    )
    return [*found, Section("Files", kept, _file_words(files))]


def shown_runs(runs: RunsCompared | None, *, hidden: bool) -> RunsCompared | None:
    """Return two runs without the titles of their nodes where names are hidden."""
    if runs is None or not hidden:
        return runs
    return replace(runs, run=tuple(one for one in runs.run if one.label != "Title"))


def _differ(number: int) -> str:
    if number < 2:
        return "1 differs" if number else "Nothing differs"
    return f"{number:,} differ"


def _file_words(files: FilesCompared) -> str:
    if files.problem:
        return files.problem
    if not files.pairs:
        return "Neither side has any"
    counts = count_verdicts(files.pairs)
    words = {
        "same": "same",
        "size": "of the same size",
        "differs": "different",
        "left": "only left",
        "right": "only right",
    }
    return " · ".join(f"{number:,} {words[key]}" for key, number in counts.items())
