"""The server's storage as a place to work in: what Browse Files does, without Qt."""
