"""The parts of a table of subjects and values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chrislib.cube.types import PluginParameter
from chrislib.feeds.form import ParameterForm
from chrislib.feeds.limits import Limits
from chrislib.feeds.pipelines import NodePlan
from chrislib.feeds.subjects import Subject, SubjectItem
from chrislib.feeds.values import check

CAN, WARNS, WAITS, REFUSED, LEFT = "can", "warns", "waits", "refused", "left"
"""What becomes of a row."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A run of the recipe whose values can be given.

    Attributes
    ----------
    step : int
        Which of the recipe's steps.
    title : str
        The plugin's name, and its number where it occurs twice.
    form : ParameterForm
        What every row is given, where it has nothing of its own.
    node : NodePlan, optional
        Where the step is a pipeline: which of its nodes.
    limits : Limits
        What it may use, as typed: the same for every row.
    compute : str
        Where it runs; "" takes the plugin's first.
    gone : str
        Where it ran last, if that is not offered any more: another is to be chosen.
    """

    step: int
    title: str
    form: ParameterForm
    limits: Limits
    generation: int = 7
    node: NodePlan | None = None
    compute: str = ""
    gone: str = ""
    open: frozenset[str] = frozenset()
    """Options that a pipeline leaves open: they must be given."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with the values of all rows, by parameter."""

    @classmethod
    def of(
        cls,
        step: int,
        title: str,
        form: ParameterForm,
        *,
        generation: int = 7,
        node: NodePlan | None = None,
        compute: str = "",
        limits: Limits | None = None,
    ) -> "Slot":
        """Return a slot whose fixed values are looked at.

        Parameters
        ----------
        compute : str
            Where it ran last, whether that is still offered or not.
        """
        fixed = form.errors()
        needed: frozenset[str] = frozenset()
        if node is not None:
            empty = ParameterForm(form.plugin, form.parameters, generation=generation)
            needed = frozenset(replace(node, form=empty).missing)
            for name in replace(node, form=form).missing:
                fixed.setdefault(name, _needed(form.parameter(name)))
            limits = limits or node.limits
        known = not form.computes or any(one.name == compute for one in form.computes)
        return cls(
            step,
            title,
            form,
            limits or Limits(form.plugin),
            generation,
            node=node,
            compute=compute if known else "",
            gone="" if known else compute,
            open=needed,
            fixed=fixed,
        )

    def renewed(self) -> "Slot":
        """Return it with its fixed values looked at again: they were changed."""
        return Slot.of(
            self.step,
            self.title,
            self.form,
            generation=self.generation,
            node=self.node,
            compute=self.gone or self.compute,
            limits=self.limits,
        )

    @property
    def place(self) -> str:
        """Where it computes, "" where that is the server's affair."""
        first = self.form.computes[0].name if self.form.computes else ""
        return self.compute or first

    @property
    def use_words(self) -> str:
        """Return "titan · CPU 2": where it computes and what it may use."""
        least = "the plugin's least" if self.limits.bounds else ""
        parts = (self.gone or self.place, self.limits.words or least)
        return " · ".join(part for part in parts if part)

    @property
    def use_problem(self) -> str:
        """What is wrong with place or limits, "" for nothing."""
        if self.gone:
            return f"{self.gone} is not offered any more. Choose another one."
        return next(iter(self.limits.errors().values()), "")

    def filled(self, cells: Mapping[str, str]) -> ParameterForm:
        """Return the form of one row; an empty cell takes an option out."""
        form = ParameterForm(
            self.form.plugin,
            self.form.parameters,
            computes=self.form.computes,
            generation=self.generation,
        )
        form.adopt({p.name: self.form.text(p.name) for p in self.form.given})
        for name, text in cells.items():
            if text.strip():
                form.set(name, text)
            else:
                form.unset(name)
        return form

    def errors(self, cells: Mapping[str, str]) -> dict[str, str]:
        """Return what is wrong with a row's values, by parameter.

        The same as the form of the row would say, without making that form: thousands
        of cells are looked at while somebody types.
        """
        found = {n: words for n, words in self.fixed.items() if n not in cells}
        for name, text in cells.items():
            parameter = self.form.parameter(name)
            if not text.strip() and parameter.optional:
                if name in self.open:
                    found[name] = _needed(parameter)
                continue
            message = check(parameter, text)
            if message:
                found[name] = message
        return found


@dataclass(frozen=True, slots=True)
class Column:
    """A parameter that has a value of its own in each row."""

    slot: int
    name: str


@dataclass(slots=True)
class Row:
    """A subject with its values; `chosen` is one of its items, -1 all of them."""

    subject: Subject
    ticked: bool = True
    chosen: int = -1
    title: str = ""
    cells: dict[Column, str] = field(default_factory=dict)

    @property
    def items(self) -> tuple[SubjectItem, ...]:
        """The data its feed is made of."""
        items = self.subject.items
        return items if self.chosen < 0 else items[self.chosen : self.chosen + 1]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a row can start, in words.

    Attributes
    ----------
    kind : str
        CAN, WARNS, WAITS, REFUSED or LEFT.
    column : Column, str or None
        Where to look: a parameter, "title" or "data".
    """

    kind: str
    words: str
    column: Column | str | None = None


def _needed(parameter: PluginParameter) -> str:
    return f"{parameter.flag or parameter.name} is required. Enter a value."


def cells_of(row: Row, slot: int) -> dict[str, str]:
    """Return the values of a row that belong to one slot, by parameter."""
    return {col.name: text for col, text in row.cells.items() if col.slot == slot}
