"""My Library: everything there is, found again."""
