"""Work lists: a table of patients or studies, looked up row by row."""
