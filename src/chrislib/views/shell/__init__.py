"""chrislib views shell."""
