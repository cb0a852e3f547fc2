"""chrislib views."""
