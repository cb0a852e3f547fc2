"""Work lists as rows of the catalog, and back."""

import json

from chrislib.catalog.worklists import WorkListRow, WorkRow
from chrislib.library.worklist.columns import Columns
from chrislib.library.worklist.model import (
    ListHead,
    ListId,
    ListRow,
    RowState,
    RunState,
)


def head_row(head: ListHead, *, account: str) -> WorkListRow:
    """Return the row of a list's head."""
    columns = head.columns
    return WorkListRow(
        list_id=head.list_id,
        title=head.title,
        columns_json=json.dumps(
            {"heads": columns.heads, "kinds": columns.kinds, "headed": columns.headed}
        ),
        total=head.total,
        state=head.state.value,
        made_at=head.made_at,
        pacs=head.pacs,
        dates=head.dates,
        reason=head.reason,
        account_key=account,
    )


def head_of(row: WorkListRow) -> ListHead:
    """Return the head of a row; a state of a newer chrislib is a pause."""
    known = json.loads(row.columns_json)
    try:
        state = RunState(row.state)
    except ValueError:
        state = RunState.PAUSED
    return ListHead(
        list_id=ListId(row.list_id),
        title=row.title,
        columns=Columns(
            tuple(map(str, known["heads"])),
            tuple(map(str, known["kinds"])),
            bool(known["headed"]),
        ),
        pacs=row.pacs,
        dates=row.dates,
        total=row.total,
        made_at=row.made_at,
        state=state,
        reason=row.reason,
    )


def work_row(list_id: ListId, row: ListRow) -> WorkRow:
    """Return a row for the catalog."""
    return WorkRow(
        list_id=list_id,
        number=row.number,
        line=row.line,
        cells=json.dumps(row.cells, ensure_ascii=False),
        state=row.state.value,
        reason=row.reason,
        found=row.found,
        choice=row.choice,
    )


def list_row(row: WorkRow) -> ListRow:
    """Return a row of the catalog as data."""
    try:
        state = RowState(row.state)
    except ValueError:
        state = RowState.WAITING
    return ListRow(
        number=row.number,
        line=row.line,
        cells=tuple(map(str, json.loads(row.cells))),
        state=state,
        reason=row.reason,
        found=row.found,
        choice=row.choice,
    )
