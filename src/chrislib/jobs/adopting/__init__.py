"""Runs nobody here started: found by listing the server, by number, by link."""
