"""De-identification as the window uses it: projects, previews, records."""

import asyncio
import csv
import io
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from chrislib.catalog.deidentify import DeidentifyTable, ProjectRow, SubjectRow
from chrislib.catalog.library import KeyValueTable
from chrislib.dicom.deidentify.engine import Engine
from chrislib.dicom.deidentify.files import Preview, preview
from chrislib.dicom.deidentify.profile import USUAL, Profile
from chrislib.dicom.deidentify.pseudonyms import Pseudonyms
from chrislib.dicom.deidentify.wording import plain
from chrislib.errors import ChrislibError
from chrislib.library.deidentify.model import Choice, Project, RoomForBlack, TextWarning
from chrislib.library.deidentify.planning import (
    CleanPlan,
    Named,
    check_title,
    plan_clean,
    room_for_black,
    texts_in_pictures,
)
from chrislib.library.model import LocalScan

_CHOICE = "deidentify."
_KEY_BYTES = 32


class Deidentification:
    """Projects of this computer and what is done with them.

    Parameters
    ----------
    table : DeidentifyTable
    remembered : KeyValueTable
        Keeps the choice of each account.
    account : callable
        Who is signed in where, "" while there is no connection.
    required : callable
        Whether the present server only gets de-identified files.
    """

    def __init__(
        self,
        table: DeidentifyTable,
        remembered: KeyValueTable,
        *,
        account: Callable[[], str],
        required: Callable[[], bool] = lambda: False,
    ) -> None:
        self._table = table
        self._remembered = remembered
        self._account = account
        self._required = required

    @property
    def required(self) -> bool:
        """Whether the present server only gets de-identified files."""
        return self._required()

    # --- projects -------------------------------------------------------------

    async def projects(self) -> list[Project]:
        """Return the projects of this computer, by title (disk)."""
        rows = await self._table.projects()
        counts = await self._table.count_subjects()
        return [_project(row, counts.get(row.project_id, 0)) for row in rows]

    async def create(self, title: str) -> Project:
        """Begin a project with a new random key (disk).

        Raises
        ------
        ChrislibError
            It has no title, or there is one with the same.
        """
        title = title.strip()
        rows = await self._table.projects()
        if not title:
            raise ChrislibError(
                "A project needs a name.",
                "Nothing was changed.",
                hint="Give it a name that says nothing about a patient.",
            )
        if any(row.title.casefold() == title.casefold() for row in rows):
            raise ChrislibError(
                f"There is a project “{title}” already.",
                "Nothing was changed.",
                hint="Choose it from the list, or give the new one another name.",
            )
        row = ProjectRow(
            project_id=uuid4().hex,
            title=title,
            code=code_of(title, taken={row.code for row in rows}),
            secret=secrets.token_hex(_KEY_BYTES),
            options=" ".join(Profile(USUAL).names),
            created_at=time.time(),
        )
        await self._table.save_project(row)
        return _project(row, 0)

    async def chosen(self) -> str:
        """Return the project this account used last, "" for off (disk)."""
        return await self._remembered.get(_CHOICE + self._account()) or ""

    async def choose(self, project_id: str, options: Sequence[str] = ()) -> None:
        """Remember the choice of this account and a project's options (disk)."""
        await self._remembered.set(_CHOICE + self._account(), project_id)
        row = await self._table.project(project_id) if project_id else None
        if row is not None:
            names = " ".join(Profile.of(options).names)
            if names != row.options:
                await self._table.save_project(replace(row, options=names))

    # --- looking --------------------------------------------------------------

    async def preview(self, file: Path, choice: Choice) -> Preview:
        """Return what would be changed in a file (disk, in a thread).

        Raises
        ------
        ChrislibError
            The project is not here, or the file cannot be de-identified.
        """
        engine = await self._engine(choice)
        return await asyncio.to_thread(preview, file, engine)

    async def warnings(self, found: LocalScan) -> tuple[TextWarning, ...]:
        """Return the series whose pictures may show text (disk, in a thread)."""
        return await asyncio.to_thread(texts_in_pictures, found)

    async def room_for_black(self, files: Sequence[str]) -> RoomForBlack:
        """Return the size of a series' pictures, and why none of it can become black.

        The first, middle and last file are looked at (disk, in a thread).
        """
        return await asyncio.to_thread(room_for_black, files)

    # --- sending --------------------------------------------------------------

    async def check(self, found: LocalScan, choice: Choice | None) -> None:
        """Check that a scan may be sent this way, before anything is asked (disk).

        Raises
        ------
        ChrislibError
            The server only gets de-identified files and these would be originals; the
            project is not here; the name of the upload names a patient; a picture may
            show text and nobody agreed.
        """
        if choice is None:
            if self._required():
                raise ChrislibError(
                    "This server only gets de-identified files.",
                    "The settings of chrislib say so. Nothing was sent.",
                    hint="Choose a project under De-identification, then send again.",
                )
            return
        await self._engine(choice)
        check_title(found.title, found)
        if not choice.text_agreed:
            black = {uid for uid, *_ in choice.black}
            seen = replace(
                found,
                series=tuple(s for s in found.series if s.series_uid not in black),
            )
            _refuse_text(await asyncio.to_thread(texts_in_pictures, seen))

    async def plan(self, found: LocalScan, choice: Choice, *, folder: str) -> CleanPlan:
        """Return what is sent where (disk, in a thread), and note who is called how.

        Raises
        ------
        ChrislibError
            The project is not here, a series cannot be de-identified, or there is
            nothing to send.
        """
        engine = await self._engine(choice)

        def work() -> CleanPlan:
            return plan_clean(found, folder=folder, engine=engine, choice=choice)

        planned = await asyncio.to_thread(work)
        await self._remember(choice.project_id, planned.named)
        return planned

    # --- what was done --------------------------------------------------------

    async def recorded(self) -> frozenset[str]:
        """Return the jobs of which there is a record (disk)."""
        return await self._table.records()

    async def record(self, job_key: str) -> Mapping[str, object] | None:
        """Return what was done in the files of an upload (disk); names nobody."""
        row = await self._table.record(job_key)
        if row is None:
            return None
        files = await self._table.files(job_key)
        return {
            **json.loads(row.body),
            "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row.at)),
            "files": [
                {
                    "path": file.remote_path,
                    "bytes": file.size,
                    "sha256": file.sha256,
                    "subject": file.pseudonym,
                    "attributes": json.loads(file.counts),
                }
                for file in files
            ],
        }

    async def save_record(self, job_key: str, path: Path) -> None:
        """Write the record of an upload as JSON (disk).

        Raises
        ------
        ChrislibError
            There is none, or the file cannot be written.
        """
        record = await self.record(job_key)
        if record is None:
            raise ChrislibError(
                "There is no record of this upload.", "It was sent as it is."
            )
        text = json.dumps(record, indent=1, ensure_ascii=False)
        await asyncio.to_thread(_write, path, text)

    async def export_names(self, project_id: str, path: Path) -> int:
        """Write who is called how as CSV (disk), readable by this user only.

        This is the one way that list leaves the catalog, and only on request.

        Returns
        -------
        int
            Number of patients.

        Raises
        ------
        ChrislibError
            The file cannot be written.
        """
        subjects = await self._table.subjects(project_id)
        out = io.StringIO()
        table = csv.writer(out)
        table.writerow(
            ["pseudonym", "patient_id", "patient_name", "birth_date", "days"]
        )
        for one in subjects:
            cells = (one.patient_id, one.patient_name, one.birth_date)
            table.writerow([one.pseudonym, *map(_harmless, cells), one.days])
        await asyncio.to_thread(_write, path, out.getvalue())
        return len(subjects)

    # --- inside ---------------------------------------------------------------

    async def _engine(self, choice: Choice) -> Engine:
        row = await self._table.project(choice.project_id)
        if row is None:
            raise ChrislibError(
                "The de-identification project is not on this computer.",
                "Nothing was sent.",
                hint="Choose another project, or begin a new one.",
            )
        pseudonyms = Pseudonyms(bytes.fromhex(row.secret), row.code)
        return Engine(choice.profile, pseudonyms, apart=choice.apart)

    async def _remember(self, project_id: str, named: Sequence[Named]) -> None:
        now = time.time()
        await self._table.add_subjects(
            [
                SubjectRow(
                    project_id=project_id,
                    pseudonym=one.pseudonym,
                    patient_id=one.patient_id,
                    patient_name=one.patient_name,
                    birth_date=one.birth_date,
                    days=one.days,
                    first_at=now,
                )
                for one in named
            ]
        )


def code_of(title: str, *, taken: set[str]) -> str:
    """Return what the pseudonyms of a project begin with: "CHI" of "Chiari pilot"."""
    letters = [c for c in plain(title).upper() if "A" <= c <= "Z"]
    code = "".join(letters[:3]) if len(letters) >= 3 else "PRJ"
    number, free = 1, code
    while free in taken:
        number += 1
        free = f"{code}{number}"
    return free


def _refuse_text(warnings: Sequence[TextWarning]) -> None:
    if warnings:
        images = sum(one.images for one in warnings)
        raise ChrislibError(
            f"{images:,} pictures may show text.",
            "Changing tags cannot remove a name that is part of a picture. "
            "Nothing was sent.",
            hint="Look at them, then agree to send them or leave them out.",
        )


def _project(row: ProjectRow, patients: int) -> Project:
    options = tuple(row.options.split())
    return Project(row.project_id, row.title, row.code, options, patients)


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by this user only (disk)."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise ChrislibError(
            "The file could not be written.",
            f"{error.strerror or 'The disk refused'}. Nothing else was changed.",
            hint="Choose another folder.",
        ) from error
