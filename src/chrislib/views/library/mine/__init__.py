"""My Library: what is here or on the server, as pictures, rows and people."""
