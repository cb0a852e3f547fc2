"""chrislib views models."""
