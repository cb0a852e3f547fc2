"""chrislib feeds."""
