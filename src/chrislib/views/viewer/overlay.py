"""The words around a picture: who, what, where, and how it is shown."""

from chrislib.dicom.header import DicomHeader
from chrislib.dicom.render import Picture, Window
from chrislib.dicom.volume import Slice
from chrislib.library.dates import show_age_at, show_partial
from chrislib.library.names import show_name

_DOT = " · "


def number(value: float) -> str:
    """Return a value as it is read: "1,480", "−77.2", "0.0031"."""
    if value == int(value) or abs(value) >= 1000:
        text = f"{value:,.0f}"
    elif abs(value) >= 1:
        text = f"{value:,.1f}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "−")


def patient_lines(header: DicomHeader, *, hidden: bool) -> tuple[str, ...]:
    """Return the lines of the top left corner: patient and study."""
    if hidden:
        who: tuple[str, ...] = ("Name hidden",)
    else:
        born = show_partial(header.birth_date_text)
        age = show_age_at(header.birth_date, header.study_date)
        who = (
            show_name(header.patient_name),
            _join(header.patient_id, header.sex),
            _join(f"born {born}" if born else "", age),
        )
    day = show_partial(header.study_date_text)
    time = header.study_time.strftime("%H:%M") if header.study_time and day else ""
    accession = "" if hidden else header.accession_number
    study = (
        header.study_description,
        _join(f"{day} {time}".strip(), accession),
    )
    return _lines(*who, *study)


def series_lines(header: DicomHeader, picture: Picture | None) -> tuple[str, ...]:
    """Return the lines of the top right corner: series and how it was taken."""
    field = f"{number(header.field_strength)} T" if header.field_strength else ""
    times = " ".join(
        f"{name} {number(value)}"
        for name, value in (
            ("TR", header.repetition_time),
            ("TE", header.echo_time),
            ("TI", header.inversion_time),
        )
        if value
    )
    series = f"Series {header.series_number}" if header.series_number else ""
    title = header.series_description or header.protocol or header.modality
    return _lines(
        title,
        _join(series, header.station_name, field),
        times,
        size_line(header, picture),
    )


def size_line(header: DicomHeader, picture: Picture | None) -> str:
    """Return "0.7 × 0.7 × 5 mm", as much of it as is known."""
    spacing = header.pixel_spacing or (picture.spacing if picture else None)
    if spacing is None:
        return ""
    parts = [spacing[1], spacing[0]]
    if header.slice_thickness:
        parts.append(header.slice_thickness)
    return " × ".join(
        f"{part:.2g}" if part < 10 else f"{part:.0f}" for part in parts
    ) + (" mm")


def place_lines(
    index: int, count: int, *, slice_: Slice | None, magnification: float
) -> tuple[str, ...]:
    """Return the lines of the bottom left corner."""
    position = ""
    if slice_ is not None and slice_.place is not None:
        sign = "+" if slice_.place > 0 else ""
        position = f"Position {sign}{number(round(slice_.place, 1))} mm"
    return _lines(
        f"Image {index + 1} of {count}", position, f"Zoom {magnification:.1f} ×"
    )


def window_lines(
    picture: Picture | None,
    window: Window | None,
    *,
    cursor: str = "",
    inverted: bool = False,
) -> tuple[str, ...]:
    """Return the lines of the bottom right corner; `cursor` stands above them."""
    used = window or (picture.windows[0] if picture and picture.windows else None)
    if picture is None or picture.is_color or used is None:
        return _lines(cursor, "Inverted" if inverted else "")
    words = window_words(used)
    if window is None and picture.lookup is not None:
        words = "Table of the file"
    return _lines(cursor, words, used.name, "Inverted" if inverted else "")


def window_words(window: Window) -> str:
    """Return "W 1,480   L 620"."""
    return f"W {number(window.width)}   L {number(window.center)}"


def _join(*parts: str) -> str:
    return _DOT.join(part for part in parts if part)


def _lines(*lines: str) -> tuple[str, ...]:
    return tuple(line for line in lines if line)
