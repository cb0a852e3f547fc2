"""chrislib cube."""
