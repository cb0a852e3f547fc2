"""One module for each family of endpoints; each offers ``routes(context)``."""
