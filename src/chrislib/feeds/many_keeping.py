"""Rows and values of a table, taken over when another recipe is chosen. Pure."""

from chrislib.feeds.many import ManyTable
from chrislib.feeds.many_model import Column


def carry(before: ManyTable, into: ManyTable) -> list[str]:
    """Give a table the rows of another, with titles and the values it takes.

    A column is kept where the other recipe has a parameter of that name: first of the
    same plugin, else of any.

    Returns
    -------
    list of str
        The heads of columns that were left out.
    """
    into.pattern = before.pattern
    free = into.addable()
    kept: dict[Column, Column] = {}
    lost = []
    for column in before.columns:
        plugin = before.slots[column.slot].title
        same = [one for one in free if one.name == column.name]
        same.sort(key=lambda one: into.slots[one.slot].title != plugin)
        if same:
            kept[column] = same[0]
            free.remove(same[0])
            into.add_column(same[0])
        else:
            lost.append(before.head(column))
    into.set_subjects(
        [row.subject for row in before.rows],
        [
            {kept[c]: row.cells[c] for c in kept if c in row.cells}
            for row in before.rows
        ],
        titles=[row.title for row in before.rows],
    )
    for number, row in enumerate(before.rows):
        into.choose(number, row.chosen)
    into.tick([n for n, row in enumerate(before.rows) if not row.ticked], False)
    return lost


def lost_words(table: ManyTable, heads: list[str]) -> str:
    """Return what is said of columns that a recipe has no use for, "" for none."""
    if not heads:
        return ""
    what = table.recipe.title if table.recipe.steps else "A feed of data only"
    values = "Its values were" if len(heads) == 1 else "Their values were"
    return (
        f"{what} does not take {', '.join(heads)}. {values} left out; all else stays."
    )
