"""The same recipe on many subjects: a table of values, checked like the form. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chrislib.cube.types import PluginParameter
from chrislib.errors import ChrislibError
from chrislib.feeds.checks import TITLE_LIMIT, paths_of
from chrislib.feeds.intents import within
from chrislib.feeds.making import FeedPlan
from chrislib.feeds.many_model import (
    CAN,
    LEFT,
    REFUSED,
    WAITS,
    WARNS,
    Column,
    Row,
    Slot,
    Verdict,
    cells_of,
)
from chrislib.feeds.recipes import Recipe
from chrislib.feeds.subjects import Subject, SubjectItem, fill_marks
from chrislib.jobs.model import RunIntent, WorkflowIntent
from chrislib.jobs.submission.held import Next

MOST_ROWS = 2_000
PATTERN = "{n:2} {data}, {recipe}"
_COMING = frozenset({"wanted", "on_the_way", "registering"})


class ManyTable:
    """Rows of subjects under a recipe; edits say nothing, checks are asked for.

    Parameters
    ----------
    recipe : Recipe
    slots : sequence of Slot
        Its runs whose values are known; pipelines are run as they are.
    """

    def __init__(self, recipe: Recipe, slots: Sequence[Slot] = ()) -> None:
        self.recipe = recipe
        self.slots = tuple(slots)
        self.columns: list[Column] = []
        self.rows: list[Row] = []
        self.pattern = PATTERN
        self._titles: list[str] | None = None
        self._first: dict[str, int] = {}
        self._verdicts: dict[int, Verdict] = {}
        self._own: dict[int, Verdict] = {}

    # -- rows ------------------------------------------------------------------

    def set_subjects(
        self,
        subjects: Sequence[Subject],
        values: Sequence[Mapping[Column, str]] = (),
        *,
        titles: Sequence[str] = (),
    ) -> None:
        """Have a row for each subject, with values and titles of a table.

        Raises
        ------
        ChrislibError
            There are more than can be run together.
        """
        if len(subjects) > MOST_ROWS:
            raise ChrislibError(
                f"These are {len(subjects):,} subjects.",
                "Nothing was taken over.",
                hint=f"Up to {MOST_ROWS:,} can be run together.",
            )
        for column in values[0] if values else ():
            if column not in self.columns:
                self.columns.append(column)
        self.rows = [Row(subject) for subject in subjects]
        for number, row in enumerate(self.rows):
            given = values[number] if values else {}
            row.title = titles[number] if titles else ""
            for column in self.columns:
                row.cells[column] = given.get(column, self._fixed(column))
        self._forget(None)

    def renew(self, items: Sequence[SubjectItem]) -> bool:
        """Take over fresher looks at items; whether anything changed."""
        fresh = {str(item.item_id): item for item in items if item.item_id}
        changed = []
        for number, row in enumerate(self.rows):
            old = row.subject.items
            new = tuple(fresh.get(str(item.item_id), item) for item in old)
            if any(one is not two for one, two in zip(old, new, strict=True)):
                row.subject = replace(row.subject, items=new)
                changed.append(number)
        if changed:
            self._forget(changed)
        return bool(changed)

    def add_column(self, column: Column) -> None:
        """Give a parameter a value in each row: first what it is for all."""
        if column in self.columns:
            return
        self.columns.append(column)
        self.columns.sort(key=self._place)
        for row in self.rows:
            row.cells.setdefault(column, self._fixed(column))
        self._forget(None)

    def remove_column(self, column: Column) -> None:
        """Have one value for all again."""
        if column in self.columns:
            self.columns.remove(column)
            for row in self.rows:
                row.cells.pop(column, None)
            self._forget(None)

    def addable(self) -> list[Column]:
        """Return the parameters without a column, the required ones first."""
        found = [
            Column(at, parameter.name)
            for at, slot in enumerate(self.slots)
            for parameter in slot.form.parameters
        ]
        return [column for column in found if column not in self.columns]

    def parameter(self, column: Column) -> PluginParameter:
        """Return what a column is about."""
        return self.slots[column.slot].form.parameter(column.name)

    def head(self, column: Column) -> str:
        """Return the word over a column: its flag, with the plugin where needed."""
        parameter = self.parameter(column)
        flag = parameter.flag or parameter.name
        same = [one for one in self.columns if one.name == column.name]
        return f"{self.slots[column.slot].title} {flag}" if len(same) > 1 else flag

    def set_cell(self, row: int, column: Column, text: str) -> None:
        """Take what was typed into a cell."""
        self.rows[row].cells[column] = text
        if column.name.casefold() in self.pattern.casefold():
            self._forget()
        self._own.pop(row, None)
        self._verdicts.pop(row, None)

    def set_title(self, row: int, text: str) -> None:
        """Give one feed a title of its own; "" goes back to the pattern."""
        self.rows[row].title = text.strip()
        self._forget()

    def set_compute(self, slot: int, name: str) -> None:
        """Run one of the recipe's runs elsewhere; "" takes the plugin's first."""
        slots = list(self.slots)
        slots[slot] = replace(slots[slot], compute=name, gone="")
        self.slots = tuple(slots)

    def look_again(self) -> None:
        """Look at the values of all runs again: they were changed in their forms."""
        self.slots = tuple(slot.renewed() for slot in self.slots)
        self._forget(None)

    def set_pattern(self, pattern: str) -> None:
        """Name the feeds by another pattern."""
        self.pattern = pattern
        self._forget()

    def choose(self, row: int, item: int) -> None:
        """Run on one item of a subject only; -1 is all of them."""
        self.rows[row].chosen = item
        self._forget([row])

    def tick(self, rows: Sequence[int], on: bool) -> None:
        """Take rows in or leave them out."""
        for row in rows:
            self.rows[row].ticked = on
        self._forget()

    def fill_down(self, rows: Sequence[int], column: Column) -> int:
        """Give the rows below the first its value; returns how many changed."""
        if not rows:
            return 0
        text = self.rows[rows[0]].cells.get(column, "")
        changed = [n for n in rows[1:] if self.rows[n].cells.get(column) != text]
        for row in changed:
            self.set_cell(row, column, text)
        return len(changed)

    def paste(
        self, text: str, rows: Sequence[int], columns: Sequence["Column | str"]
    ) -> int:
        """Put a piece of a spreadsheet into cells; returns how many were taken.

        Parameters
        ----------
        text : str
            Lines of cells with tabs between them.
        rows, columns
            Where it goes, from its upper left cell on; "title" is the feed's title.
            One value alone fills them all.
        """
        lines = [line.split("\t") for line in text.rstrip("\r\n").splitlines()]
        if not lines:
            return 0
        if len(lines) == 1 and len(lines[0]) == 1:
            lines = [lines[0] * len(columns)] * len(rows)
        taken = 0
        for row, cells in zip(rows, lines, strict=False):
            for column, cell in zip(columns, cells, strict=False):
                if column == "title":
                    self.rows[row].title = cell.strip()
                elif isinstance(column, Column):
                    self.rows[row].cells[column] = cell.strip()
                else:
                    continue
                taken += 1
        self._forget(rows)
        return taken

    # -- what comes of it ------------------------------------------------------

    def titles(self) -> list[str]:
        """Return the title of each row's feed."""
        if self._titles is None:
            self._titles = [
                row.title or self._named(row, number)
                for number, row in enumerate(self.rows, 1)
            ]
            self._first = {}
            for at, (title, row) in enumerate(
                zip(self._titles, self.rows, strict=True)
            ):
                if row.ticked:
                    self._first.setdefault(title, at)
        return self._titles

    def marks(self) -> list[str]:
        """Return the words that can stand in braces, {n} left out."""
        known = {mark: None for row in self.rows for mark in row.subject.marks}
        known["recipe"] = None
        known.update({column.name.casefold(): None for column in self.columns})
        return list(known)

    def verdict(self, number: int) -> Verdict:
        """Return whether a row can start."""
        if number not in self._verdicts:
            self._verdicts[number] = self._judge(number)
        return self._verdicts[number]

    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        found: dict[str, int] = {}
        for number in range(len(self.rows)):
            kind = self.verdict(number).kind
            found[kind] = found.get(kind, 0) + 1
        return found

    def to_start(self) -> list[int]:
        """Return the rows that can be started."""
        kinds = {CAN, WARNS, WAITS}
        return [n for n in range(len(self.rows)) if self.verdict(n).kind in kinds]

    def plan(self, number: int) -> FeedPlan:
        """Return what a row comes to.

        Raises
        ------
        ValueError
            It is refused.
        """
        row = self.rows[number]
        cells = [cells_of(row, at) for at in range(len(self.slots))]
        steps = steps_of(self.recipe, self.slots, cells)
        return FeedPlan(self.titles()[number], row.items, steps)

    def plans(self) -> list[FeedPlan]:
        """Return what is started."""
        return [self.plan(number) for number in self.to_start()]

    def placed(self) -> Recipe:
        """Return the recipe with its runs as and where they are to be run.

        Raises
        ------
        ValueError
            A value is refused.
        """
        steps = steps_of(self.recipe, self.slots, [{} for _ in self.slots])
        return replace(self.recipe, steps=steps)

    @property
    def use_problems(self) -> int:
        """How many runs have no place any more, or limits that are refused."""
        return sum(bool(slot.use_problem) for slot in self.slots)

    @property
    def runs_each(self) -> int:
        """Runs of one row, its data included; a pipeline counts its nodes."""
        nodes = [
            max(1, one.intent.nodes) if isinstance(one.intent, WorkflowIntent) else 1
            for one in self.recipe.steps
        ]
        return 1 + sum(nodes)

    def commands(self, number: int) -> list[str]:
        """Return what is run for a row, line by line; nothing is sent."""
        row = self.rows[number]
        lines = [f"# {self.titles()[number]}"]
        data = ",".join(
            item.path.strip("/") or f"({item.title}, once it is here)"
            for item in row.items
        )
        lines.append(f"1 pl-dircopy --dir {data or '(no data)'}")
        for step, one in enumerate(self.recipe.steps):
            intent = one.intent
            if isinstance(intent, WorkflowIntent):
                after = f"  # after {one.under + 2}"
                lines.append(f"{step + 2} pipeline {intent.pipeline_name}{after}")
            for at, slot in enumerate(self.slots):
                if slot.step != step:
                    continue
                words = slot.filled(cells_of(row, at)).made_command_line()
                notes = [f"on {slot.compute}"] if slot.compute else []
                if slot.limits.words:
                    notes.append(slot.limits.words.replace(" · ", ", "))
                if slot.node is None:
                    notes.insert(0, f"after {one.under + 2}")
                tail = f"  # {', '.join(notes)}" if notes else ""
                lead = f"{step + 2}" if slot.node is None else "   "
                lines.append(f"{lead} {words}{tail}")
        return lines

    def dry_run(self, numbers: Sequence[int] | None = None) -> str:
        """Return every command of rows as text, of all that start without them."""
        chosen = self.to_start() if numbers is None else numbers
        return "\n\n".join("\n".join(self.commands(number)) for number in chosen)

    # -- inside ----------------------------------------------------------------

    def _judge(self, number: int) -> Verdict:
        row = self.rows[number]
        if not row.ticked:
            return Verdict(LEFT, "Left out")
        own = self._own.get(number)
        if own is None:
            own = self._own[number] = self._judge_values(row)
        if own.kind == REFUSED:
            return own
        title = self.titles()[number]
        if not title:
            return Verdict(REFUSED, "The feed has no title.", "title")
        if len(title) > TITLE_LIMIT:
            words = f"The title has {len(title)} characters, up to {TITLE_LIMIT} fit."
            return Verdict(REFUSED, words, "title")
        before = self._first.get(title, number)
        if before < number:
            return Verdict(WARNS, f"Title used in row {before + 1}", "title")
        return own

    def _judge_values(self, row: Row) -> Verdict:
        """Return what a row's values and data say, whatever it is called."""
        if row.subject.problem:
            return Verdict(REFUSED, row.subject.problem, "data")
        for at, slot in enumerate(self.slots):
            for name, message in slot.errors(cells_of(row, at)).items():
                column = Column(at, name)
                own = column if column in self.columns else None
                words = message if own else f"{slot.title}: {message}"
                return Verdict(REFUSED, words, own)
        away = [i for i in row.items if i.state.value != "ready" or not i.path]
        if any(item.state.value not in _COMING for item in away):
            return Verdict(REFUSED, "Its data did not arrive.", "data")
        if away:
            return Verdict(WAITS, "Starts when here", "data")
        try:
            paths_of(row.items)
        except ChrislibError as error:
            return Verdict(REFUSED, error.detail or error.title, "data")
        return Verdict(CAN, "Can start")

    def _named(self, row: Row, number: int) -> str:
        marks = {**row.subject.marks, "recipe": self.recipe.title}
        if row.chosen >= 0:
            marks["data"] = row.items[0].series_description or row.items[0].title
            marks["series"] = row.items[0].series_description
        own = {column.name.casefold(): text for column, text in row.cells.items()}
        return fill_marks(self.pattern, {**marks, **own}, number)

    def _fixed(self, column: Column) -> str:
        form = self.slots[column.slot].form
        return form.text(column.name)

    def _place(self, column: Column) -> tuple[int, int]:
        form = self.slots[column.slot].form
        return column.slot, [p.name for p in form.parameters].index(column.name)

    def _forget(self, rows: Iterable[int] | None = ()) -> None:
        """Name and check anew: the values of `rows`, None for all of them."""
        self._titles = None
        self._verdicts.clear()
        if rows is None:
            self._own.clear()
        for row in rows or ():
            self._own.pop(row, None)


def steps_of(
    recipe: Recipe, slots: Sequence[Slot], cells: Sequence[Mapping[str, str]]
) -> tuple[Next, ...]:
    """Return the steps of a recipe with the values and places of its slots.

    Parameters
    ----------
    cells : sequence of mapping
        For each slot what it is given besides.

    Raises
    ------
    ValueError
        A value is refused.
    """
    steps = list(recipe.steps)
    infos: dict[int, list[dict[str, object]]] = {}
    for at, slot in enumerate(slots):
        intent = steps[slot.step].intent
        form = slot.filled(cells[at])
        if slot.node is not None:
            node = replace(
                slot.node, form=form, compute=slot.compute, limits=slot.limits
            )
            infos.setdefault(slot.step, []).append(node.info)
        elif isinstance(intent, RunIntent):
            made = replace(
                within(intent, slot.limits.values),
                parameters=dict(form.payload()),
                compute_resource=slot.compute,
            )
            steps[slot.step] = replace(steps[slot.step], intent=made)
    for step, nodes in infos.items():
        pipeline = steps[step].intent
        if isinstance(pipeline, WorkflowIntent):
            info = tuple(one for one in nodes if one)
            whole = replace(pipeline, nodes_info=info)
            steps[step] = replace(steps[step], intent=whole)
    return tuple(steps)
