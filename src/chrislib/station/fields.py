"""Fields of a request that are texts, and things that are made of nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chrislib.station.http import Answer, Call, as_template, invalid
from chrislib.station.store import Row

REQUIRED = "This field is required."
BLANK = "This field may not be blank."


def too_long(most: int) -> str:
    """Return what is said of a text of more than `most` characters."""
    return f"Ensure this field has no more than {most} characters."


def check_length(field: str, text: str, *, most: int) -> None:
    """Refuse a text of more than `most` characters.

    Raises
    ------
    ApiError
        400, of that field.
    """
    if len(text) > most:
        raise invalid(field, too_long(most))


def texts_of(call: Call, limits: Mapping[str, int | None]) -> dict[str, str]:
    """Return the texts a request gives of those fields, the ones it leaves out not.

    Parameters
    ----------
    limits : mapping
        The most characters of each field; None for as many as one likes.

    Raises
    ------
    ApiError
        400, of a field that is too long.
    """
    given = {
        name: str(call.data[name]) for name in limits if call.data.get(name) is not None
    }
    for name, text in given.items():
        most = limits[name]
        if most is not None:
            check_length(name, text, most=most)
    return given


@dataclass(frozen=True, slots=True)
class OneThing:
    """Shows, changes and deletes one row that whoever may can write.

    Parameters
    ----------
    table : str
        Where it is deleted from and changed.
    find : callable
        Returns the row a call names, with ``write=True`` only for who may write.
    show : callable
        Returns the row as the API does.
    fields : callable
        Returns what a call changes of it.
    template : sequence of str
        Fields offered for a change.
    """

    table: str
    find: Callable[..., Row]
    show: Callable[[Call, Row], dict[str, Any]]
    fields: Callable[[Call], dict[str, str]]
    template: Sequence[str]

    def get(self, call: Call) -> Answer:
        """Return it, and what can be changed."""
        body = self.show(call, self.find(call))
        return Answer({**body, "template": as_template(self.template)})

    def put(self, call: Call) -> Answer:
        """Change it (writes the database)."""
        row, fields = self.find(call, write=True), self.fields(call)
        if fields:
            call.store.update(self.table, row["id"], **fields)
        return Answer(self.show(call, self.find(call)))

    def delete(self, call: Call) -> Answer:
        """Delete it (writes the database)."""
        row = self.find(call, write=True)
        call.store.execute(f"DELETE FROM {self.table} WHERE id = ?", row["id"])
        return Answer(status=204)
