"""chrislib views library."""
