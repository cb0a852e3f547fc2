"""chrislib views feeds."""
