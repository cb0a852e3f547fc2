"""chrislib library."""
