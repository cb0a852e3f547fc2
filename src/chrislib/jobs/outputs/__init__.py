"""What becomes of results: got, put off, discarded, compared, purged, traced."""
