"""chrislib views widgets."""
