"""How each kind of remote work is done; the manager knows only the protocols."""
