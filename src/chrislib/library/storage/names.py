"""Names that a server can keep, and what is wrong with others, in words."""

from chrislib.cube.storage_paths import LONGEST

_LONGEST_NAME = 200
"""Characters; disks behind servers take 255 bytes, and links add to the name."""


def name_problem(name: str, *, folder: str = "") -> str:
    """Return why something cannot be called so in a folder; "" when it can.

    A CUBE answers 500 to "..", refuses commas, and takes slashes for folders
    (cube-api.md, traps 15 and 16).
    """
    text = name.strip()
    if not text:
        return "Write a name."
    if "/" in text or "\\" in text:
        return "A name must not contain a slash: move it to put it elsewhere."
    if text.strip(".") == "":
        return "A name must not consist of dots only."
    if "," in text:
        return "A name must not contain a comma: the server takes it for two paths."
    if not all(char.isprintable() for char in text):
        return "A name must not contain control characters."
    if text.casefold().endswith(".chrislink"):
        return "A name must not end in “.chrislink”: links of the server do."
    if len(text) > _LONGEST_NAME:
        return f"{len(text):,} characters are too many: {_LONGEST_NAME} at most."
    if len(folder) + 1 + len(text) > LONGEST:
        return f"Its path would be longer than the {LONGEST:,} characters a server has."
    return ""


def path_typed(text: str) -> str:
    """Return the storage path a person typed or pasted: "/home/x/", "Storage/home"."""
    path = text.strip().strip("/").replace("\\", "/")
    parts = [part.strip() for part in path.split("/")]
    if parts and parts[0].casefold() == "storage":
        parts = parts[1:]
    return "/".join(part for part in parts if part)
