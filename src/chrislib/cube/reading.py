"""Rows of answers to domain types, with every key optional but the ids.

Servers of different versions leave keys out (trap 10), add keys and invent statuses;
only a row without its id, or that is no object at all, is a `BadRow`.
"""

import base64
import binascii
import json
import re
import zlib
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from chrislib.copies import maker
from chrislib.cube import types
from chrislib.cube.storage_paths import storage_path

_MAX_INFLATED = 256 * 1024 * 1024
_LARGE_RESULT = 8_000
"""Characters of a packed result that take over a millisecond to unpack."""


class BadRow(ValueError):
    """A row that cannot be understood; the page it came in can."""


class Row:
    """One JSON object of an answer, read with defaults."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise BadRow("not an object")
        self._value: dict[str, Any] = value

    def text(self, key: str, default: str = "") -> str:
        """Return a text; numbers become text, anything else the default."""
        value = self._value.get(key)
        if type(value) is str:  # nearly always, and a feed has thousands of rows
            return value
        if value is None:
            return default
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return default

    def number(self, key: str, default: int = 0) -> int:
        """Return a whole number; numeric text is taken, anything else is not."""
        value = self._value.get(key)
        if type(value) is int:
            return value
        found = self.maybe_number(key)
        return default if found is None else found

    def maybe_number(self, key: str) -> int | None:
        """Return a whole number or None."""
        value = self._value.get(key)
        if value is None or type(value) is int:
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
            return int(value)
        return None

    def need(self, key: str) -> int:
        """Return a whole number that must be there."""
        value = self.maybe_number(key)
        if value is None:
            raise BadRow(key)
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a truth value."""
        value = self._value.get(key)
        return value if isinstance(value, bool) else default

    def when(self, key: str) -> datetime | None:
        """Return a time with its zone."""
        try:
            found = datetime.fromisoformat(self.text(key))
        except ValueError:
            return None
        return found if found.tzinfo is not None else found.astimezone()

    def day(self, key: str) -> date | None:
        """Return a date."""
        try:
            return date.fromisoformat(self.text(key)[:10])
        except ValueError:
            return None

    def id_in_link(self, key: str) -> int | None:
        """Return the id at the end of a link like ``…/filebrowser/75/``."""
        found = re.search(r"/(\d+)/?$", self.text(key))
        return int(found[1]) if found else None

    def raw(self, key: str) -> object:
        """Return whatever is there."""
        return self._value.get(key)

    def keys(self) -> frozenset[str]:
        """Return the keys that are there."""
        return frozenset(self._value)


def plugin(value: object) -> types.Plugin:
    """Read ``plugins/<id>/``."""
    row = Row(value)
    return types.Plugin(
        id=types.PluginId(row.need("id")),
        name=row.text("name"),
        version=row.text("version"),
        type=row.text("type"),
        title=row.text("title"),
        category=row.text("category"),
        description=row.text("description"),
        documentation=row.text("documentation"),
        authors=row.text("authors"),
        license=row.text("license"),
        icon=row.text("icon"),
        dock_image=row.text("dock_image"),
        min_cpu_limit=row.number("min_cpu_limit"),
        max_cpu_limit=row.number("max_cpu_limit"),
        min_memory_limit=row.number("min_memory_limit"),
        max_memory_limit=row.number("max_memory_limit"),
        min_gpu_limit=row.number("min_gpu_limit"),
        max_gpu_limit=row.number("max_gpu_limit"),
        min_number_of_workers=row.number("min_number_of_workers"),
        max_number_of_workers=row.number("max_number_of_workers"),
        creation_date=row.when("creation_date"),
        public_repo=row.text("public_repo"),
    )


def parameter(value: object) -> types.PluginParameter:
    """Read ``plugins/parameters/<id>/``."""
    row = Row(value)
    name = row.text("name")
    if not name:
        raise BadRow("name")
    default = row.raw("default")
    return types.PluginParameter(
        name=name,
        type=row.text("type"),
        optional=row.flag("optional"),
        default=default if isinstance(default, str | int | float) else None,
        flag=row.text("flag"),
        short_flag=row.text("short_flag"),
        action=row.text("action"),
        help=row.text("help"),
        ui_exposed=row.flag("ui_exposed", default=True),
    )


def compute(value: object) -> types.ComputeResource:
    """Read ``computeresources/<id>/``."""
    row = Row(value)
    name = row.text("name")
    if not name:
        raise BadRow("name")
    return types.ComputeResource(
        name=name,
        description=row.text("description"),
        max_job_exec_seconds=row.number("max_job_exec_seconds", -1),
    )


_FINAL = ("finishedSuccessfully", "finishedWithError", "cancelled")
_made = maker(types.PluginInstance)  # a feed has thousands


def instance(value: object) -> types.PluginInstance:
    """Read ``plugins/instances/<id>/`` or a compact row of a feed."""
    row = Row(value)
    status = row.text("status")
    previous = row.maybe_number("previous_id")
    return _made(
        id=types.InstanceId(row.need("id")),
        title=row.text("title"),
        previous_id=None if previous is None else types.InstanceId(previous),
        plugin_id=types.PluginId(row.number("plugin_id")),
        plugin_name=row.text("plugin_name"),
        plugin_version=row.text("plugin_version"),
        plugin_type=row.text("plugin_type"),
        feed_id=types.FeedId(row.number("feed_id")),
        workflow_id=row.maybe_number("workflow_id"),
        start_date=row.when("start_date"),
        end_date=row.when("end_date"),
        output_path=storage_path(row.text("output_path")),
        status=status,
        # servers before 6.9 do not say; an unknown status is then one that runs
        active=row.flag("active", default=status not in _FINAL),
        error_code=row.text("error_code"),
        owner_username=row.text("owner_username"),
        compute_resource_name=row.text("compute_resource_name"),
        cpu_limit=row.number("cpu_limit"),
        memory_limit=row.number("memory_limit"),
        number_of_workers=row.number("number_of_workers"),
        gpu_limit=row.number("gpu_limit"),
        # always 0 on 7 (trap 22): add up the files there
        size=row.number("size"),
        deletion_status=row.text("deletion_status", "inactive"),
        summary=row.text("summary"),
        raw=row.text("raw"),
        deletion_error=row.text("deletion_error"),
    )


def pipeline(value: object) -> types.Pipeline:
    """Read ``pipelines/<id>/``."""
    row = Row(value)
    return types.Pipeline(
        id=row.need("id"),
        name=row.text("name"),
        locked=row.flag("locked"),
        authors=row.text("authors"),
        category=row.text("category"),
        description=row.text("description"),
        owner_username=row.text("owner_username"),
    )


def piping(value: object) -> types.Piping:
    """Read ``pipelines/pipings/<id>/``."""
    row = Row(value)
    return types.Piping(
        id=row.need("id"),
        title=row.text("title"),
        plugin_id=types.PluginId(row.number("plugin_id")),
        plugin_name=row.text("plugin_name"),
        plugin_version=row.text("plugin_version"),
        previous_id=row.maybe_number("previous_id"),
        limits={
            name: limit
            for name in types.LIMITS
            if (limit := row.maybe_number(name)) is not None
        },
    )


def piping_value(value: object) -> types.PipingValue:
    """Read a row of ``pipelines/<id>/parameters/``."""
    row = Row(value)
    given = row.raw("value")
    return types.PipingValue(
        piping_id=row.need("plugin_piping_id"),
        name=row.text("param_name"),
        type=row.text("type"),
        value=given if isinstance(given, str | int | float) else None,
    )


def workflow(value: object) -> types.Workflow:
    """Read ``pipelines/workflows/<id>/``."""
    row = Row(value)
    return types.Workflow(
        id=row.need("id"),
        title=row.text("title"),
        pipeline_id=row.number("pipeline_id"),
        pipeline_name=row.text("pipeline_name"),
        owner_username=row.text("owner_username"),
        creation_date=row.when("creation_date"),
        jobs=_counts(row),
    )


def _counts(row: Row) -> dict[str, int]:
    return {name: row.number(key) for key, name in _counters(row.keys())}


@lru_cache(maxsize=64)
def _counters(keys: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return which keys count runs, and what: thousands of rows have the same."""
    return tuple(
        (key, key.removesuffix("_jobs"))
        for key in sorted(keys)
        if key.endswith("_jobs")
    )


def feed(value: object) -> types.Feed:
    """Read ``<feed id>/``."""
    row = Row(value)
    return types.Feed(
        id=types.FeedId(row.need("id")),
        name=row.text("name"),
        owner_username=row.text("owner_username"),
        creation_date=row.when("creation_date"),
        public=row.flag("public"),
        folder_path=storage_path(row.text("folder_path")),
        jobs=_counts(row),
        deletion_status=row.text("deletion_status", "inactive"),
    )


def folder(value: object) -> types.Folder:
    """Read ``filebrowser/<id>/``."""
    row = Row(value)
    return types.Folder(
        id=types.FolderId(row.need("id")),
        path=storage_path(row.text("path")),
        owner_username=row.text("owner_username"),
        public=row.flag("public"),
        creation_date=row.when("creation_date"),
    )


def stored_file(value: object) -> types.StoredFile:
    """Read a file of ``userfiles/``, ``filebrowser/files/`` or ``pacs/files/``."""
    row = Row(value)
    path = storage_path(row.text("fname"))
    if not path:
        raise BadRow("fname")
    return types.StoredFile(
        id=types.FileId(row.need("id")),
        path=path,
        size=row.number("fsize"),
        owner_username=row.text("owner_username"),
        creation_date=row.when("creation_date"),
    )


def link_file(value: object) -> types.LinkFile:
    """Read ``filebrowser/linkfiles/<id>/``."""
    row = Row(value)
    if row.text("linked_folder"):
        is_folder: bool | None = True
    else:
        is_folder = False if row.text("linked_file") else None
    return types.LinkFile(
        id=types.FileId(row.need("id")),
        path=storage_path(row.text("fname")),
        target=storage_path(row.text("path")),
        is_folder=is_folder,
    )


def pacs(value: object) -> types.Pacs:
    """Read ``pacs/<id>/``."""
    row = Row(value)
    return types.Pacs(
        id=types.PacsId(row.need("id")),
        identifier=row.text("identifier"),
        active=row.flag("active", default=True),
    )


def pacs_query(value: object) -> types.PacsQuery:
    """Read ``pacs/queries/<id>/`` and unpack its result, unless it is large."""
    row = Row(value)
    asked = json_object(row.text("query"))
    result = row.text("result")
    large = len(result) > _LARGE_RESULT
    unpacked = None if large else unpack(result)
    studies = unpacked if isinstance(unpacked, list) else []
    return types.PacsQuery(
        id=types.QueryId(row.need("id")),
        title=row.text("title"),
        status=row.text("status"),
        pacs_identifier=row.text("pacs_identifier"),
        query={key: str(value) for key, value in asked.items()},
        creation_date=row.when("creation_date"),
        studies=tuple(study for study in studies if isinstance(study, dict)),
        packed=result if large else "",
        owner_username=row.text("owner_username"),
    )


def pacs_retrieve(value: object) -> types.PacsRetrieve:
    """Read ``pacs/queries/retrieves/<id>/``."""
    row = Row(value)
    return types.PacsRetrieve(
        id=row.need("id"),
        query_id=types.QueryId(row.number("pacs_query_id")),
        status=row.text("status"),
    )


def pacs_series(value: object) -> types.PacsSeries:
    """Read ``pacs/series/<id>/``."""
    row = Row(value)
    folder_id = row.id_in_link("folder")
    return types.PacsSeries(
        id=row.need("id"),
        folder_path=storage_path(row.text("folder_path")),
        folder_id=None if folder_id is None else types.FolderId(folder_id),
        patient_id=row.text("PatientID"),
        patient_name=row.text("PatientName"),
        patient_birth_date=row.day("PatientBirthDate"),
        patient_sex=row.text("PatientSex"),
        study_date=row.day("StudyDate"),
        accession_number=row.text("AccessionNumber"),
        modality=row.text("Modality"),
        study_uid=row.text("StudyInstanceUID"),
        study_description=row.text("StudyDescription"),
        series_uid=row.text("SeriesInstanceUID"),
        series_description=row.text("SeriesDescription"),
        pacs_identifier=row.text("pacs_identifier"),
        creation_date=row.when("creation_date"),
    )


def json_object(text: str) -> dict[str, Any]:
    """Read a text that holds a JSON object; anything else is an empty one."""
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def unpack(text: str) -> object:
    """Read base64(zlib(JSON)), the form of ``raw`` and ``result``; "" is None.

    Text that cannot be read is None as well, and so is what would inflate to more
    than 256 MB.
    """
    if not text:
        return None
    try:
        inflater = zlib.decompressobj()
        data = inflater.decompress(base64.b64decode(text), _MAX_INFLATED)
        if inflater.unconsumed_tail:
            return None
        value: object = json.loads(data)
    except (ValueError, binascii.Error, zlib.error):
        return None
    return value
