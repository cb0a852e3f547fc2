"""The studies that the station's own archive holds: who, what, and how they look."""
