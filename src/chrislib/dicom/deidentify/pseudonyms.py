"""Pseudonyms, moved dates and new UIDs of a project, made with its secret key.

Nothing is remembered: the same key makes the same names again, so an interrupted
upload goes on with them, and another project's key makes others.
"""

import hashlib
import hmac
from dataclasses import dataclass

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Base 32 without I, L, O and U, which are mistaken for others."""
_LENGTH = 10
_MOST_DAYS = 3650
WELL_KNOWN = "1.2.840.10008."
"""What all UIDs of the standard itself begin with (PS3.6 annex A)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a patient is in a project; `days` is what their dates move by (below 0)."""

    pseudonym: str
    days: int


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes the names of one project.

    Parameters
    ----------
    key : bytes
        Random, at least 16 bytes, known to this computer only.
    code : str
        What pseudonyms begin with: a few capital letters.
    """

    key: bytes
    code: str

    def subject(self, identity: str) -> Subject:
        """Return the pseudonym and the shift of a patient.

        Parameters
        ----------
        identity : str
            What tells patients apart, from `identity_of`.
        """
        digest = self._digest("subject", identity)
        number = int.from_bytes(digest[:8], "big")
        letters = ""
        for _ in range(_LENGTH):
            number, digit = divmod(number, 32)
            letters += _LETTERS[digit]
        days = 1 + int.from_bytes(digest[8:16], "big") % _MOST_DAYS
        return Subject(f"{self.code}-{letters}", -days)

    def uid(self, uid: str) -> str:
        """Return the new UID of a UID; those of the standard itself stay.

        It is a UUID-derived one (PS3.5 section B.2); the UUID is of version 8, "custom"
        (RFC 9562 section 5.8).
        """
        old = uid.strip(" \0")
        if not old or old.startswith(WELL_KNOWN):
            return old
        number = int.from_bytes(self._digest("uid", old)[:16], "big")
        number = number & ~(0xF << 76) | (0x8 << 76)
        number = number & ~(0x3 << 62) | (0x2 << 62)
        return f"2.25.{number}"

    def mark(self) -> str:
        """Return a short text that tells keys apart and does not give them away."""
        return self._digest("mark", "")[:8].hex()

    def _digest(self, kind: str, text: str) -> bytes:
        message = f"{kind}\0{text}".encode("utf-8", "surrogateescape")
        return hmac.new(self.key, message, hashlib.sha256).digest()


def identity_of(
    patient_id: str,
    *,
    name: str,
    birth_date: str,
    study_uid: str,
    sop_uid: str = "",
    apart: bool = False,
) -> str:
    """Return what tells a patient from others: the ID, else name and birth date.

    Without any of them every study is a patient of its own. An ID that stands for
    several people is told `apart` by the name.
    """
    patient_id = patient_id.strip(" \0")
    if patient_id and apart:
        return f"id:{patient_id}\0{plain_name(name)}"
    if patient_id:
        return f"id:{patient_id}"
    name = name.strip(" \0^=")
    if name:
        return f"name:{name}\0{birth_date.strip()}"
    return f"study:{study_uid.strip() or sop_uid.strip()}"


def plain_name(name: str) -> str:
    """Return a name as it is compared: without case, spaces, empty components."""
    return "^".join(
        part for part in (" ".join(p.split()) for p in name.split("^")) if part
    ).casefold()
