"""Browse Files: the server's storage as tree, table and preview."""
