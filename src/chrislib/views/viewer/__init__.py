"""chrislib views viewer."""
