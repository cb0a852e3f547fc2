"""What the de-identification of uploads speaks of."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from chrislib.dicom.deidentify.profile import Profile


@dataclass(frozen=True, slots=True)
class Project:
    """A project: within it a patient always has the same pseudonym and shift.

    `code` is what its pseudonyms begin with; `options` those used last, by name.
    """

    project_id: str
    title: str
    code: str
    options: tuple[str, ...]
    patients: int = 0
    """How many patients have been sent in it."""

    @property
    def profile(self) -> Profile:
        """The profile with the options used last."""
        return Profile.of(self.options)


@dataclass(frozen=True, slots=True)
class Choice:
    """How one upload is de-identified.

    `text_agreed`: pictures that may show text are sent. `others`: files that are not
    DICOM are sent too, unchanged.
    """

    project_id: str
    options: tuple[str, ...]
    text_agreed: bool = False
    others: bool = False
    apart: tuple[str, ...] = ()
    """Patient IDs that stand for several people, told apart by their names."""
    black: tuple[tuple[str, int, int, int, int], ...] = ()
    """Areas made black: series UID, left, top, width and height in pixels."""

    @property
    def profile(self) -> Profile:
        """The profile with these options."""
        return Profile.of(self.options)

    def to_request(self) -> dict[str, object]:
        """Return what History keeps of it."""
        return {
            "project": self.project_id,
            "options": list(self.options),
            "text": self.text_agreed,
            "others": self.others,
            "black": [list(one) for one in self.black],
        }


def choice_of(request: Mapping[str, object]) -> Choice | None:
    """Return the choice that History kept with an upload, None if it had none."""
    kept = request.get("deidentify")
    if not isinstance(kept, Mapping):
        return None
    options = kept.get("options")
    return Choice(
        project_id=str(kept.get("project", "")),
        options=tuple(map(str, options)) if isinstance(options, (list, tuple)) else (),
        text_agreed=kept.get("text") is True,
        others=kept.get("others") is True,
        black=_areas(kept.get("black")),
    )


def _areas(kept: object) -> tuple[tuple[str, int, int, int, int], ...]:
    rows = kept if isinstance(kept, (list, tuple)) else ()
    found = []
    for row in rows:
        if isinstance(row, (list, tuple)) and len(row) == 5:
            uid, *numbers = row
            left, top, width, height = (int(number) for number in numbers)
            found.append((str(uid), left, top, width, height))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class TextWarning:
    """A series whose pictures may show text; `at` is its place in the scan."""

    at: int
    title: str
    images: int
    reason: str


@dataclass(frozen=True, slots=True)
class RoomForBlack:
    """The pictures of a series as they can be blacked out.

    `reason` says why they cannot, "" when they can.
    """

    columns: int
    rows: int
    reason: str = ""


def names_server(setting: str, url: str) -> bool:
    """Return whether a list of addresses names a server; ``*`` names them all.

    An address may leave out the scheme, the path and the port.
    """
    asked = _host(url)
    for word in setting.split():
        wanted = _host(word)
        if word == "*" or (asked[0] == wanted[0] and wanted[1] in (None, asked[1])):
            return bool(url)
    return False


def with_server(setting: str, url: str, *, on: bool) -> str:
    """Return a list of addresses that names a server, or does not any more."""
    host, port = _host(url)
    name = f"{host}:{port}" if port is not None else host
    kept = [
        word for word in setting.split() if word != "*" and not names_server(word, url)
    ]
    return " ".join([*kept, name] if on else kept)


def _host(address: str) -> tuple[str, int | None]:
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        return (parts.hostname or "").casefold(), parts.port
    except ValueError:
        return (parts.hostname or "").casefold(), None
