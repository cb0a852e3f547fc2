"""The sample patients. Every name is invented and belongs to nobody."""

from dataclasses import dataclass

LATIN1 = ("ISO_IR 100",)
UTF8 = ("ISO_IR 192",)
JAPANESE = ("", "ISO 2022 IR 87")
KOREAN = ("", "ISO 2022 IR 149")
CYRILLIC = ("ISO_IR 144",)
GREEK = ("ISO_IR 126",)
ARABIC = ("ISO_IR 127",)
HEBREW = ("ISO_IR 138",)
CHINESE = ("GB18030",)


@dataclass(frozen=True, slots=True)
class Person:
    """One sample patient.

    Attributes
    ----------
    id : str
        Patient ID; two people share one, as happens in real archives.
    name : str
        DICOM person name, component groups separated by ``=``.
    birth : str
        ``YYYYMMDD``, a part of it, or nothing.
    sex : str
        M, F, O or nothing.
    charset : tuple of str
        Specific Character Set in which the files are written.
    comment : str
        Patient comments.
    """

    id: str
    name: str
    birth: str
    sex: str
    charset: tuple[str, ...] = LATIN1
    comment: str = ""


MIRA = Person("CL-1001", "Brookwell^Mira", "19780412", "F")
JOERN = Person("CL-1002", "Ödegrön^Jörn^Åke^^Dr.", "19550923", "M")
HARUKA = Person(
    "CL-1003", "Hoshizora^Haruka=星空^遥=ほしぞら^はるか", "19890303", "F", JAPANESE
)
SAEBYEOK = Person("CL-1004", "Byeol^Saebyeok=별^새벽=별^새벽", "19930718", "M", KOREAN)
MIRON = Person("CL-1005", "Звёздин^Мирон^Ильич", "19670130", "M", CYRILLIC)
NEFELI = Person("CL-1006", "Αστέρη^Νεφέλη", "19821111", "F", GREEK)
NAJMA = Person("CL-1007", "قمراوي^نجمة", "19710505", "F", ARABIC)
ILAN = Person("CL-1008", "כוכבון^אילן", "19480214", "M", HEBREW)
WEN = Person("CL-1009", "Xingchen^Wen=星辰^文", "20010909", "F", CHINESE)
THIEN = Person("CL-1010", "Ngân Hà^Thiên^Văn", "19991231", "M", UTF8)
LUMEN = Person("CL-1011", "Fernhollow^Baby of Iris", "20260503", "O")
IRIS = Person("CL-2001", "Fernhollow^Iris", "19940806", "F")
OTTO = Person(
    "CL-2001", "Stonebridge^Otto", "19391017", "M", comment="ID given out twice"
)
PARTIAL = Person("CL-1012", "Quillfeather^Rowan", "1961", "M")
UNKNOWN = Person("CL-1013", "Nobody^Known", "", "")
TILDA = Person("CL-1014", "O'Marrow-Finch^Tilda", "20180620", "F")
AUGUST = Person("CL-1015", "Winterbourne^August^^^Sr.", "193003", "M", UTF8)
SAM = Person("CL-1016", "Samplewell^Sam", "19640229", "M")
BENCH = Person("CL-9001", "Benchmark^Axial", "19700101", "O")
