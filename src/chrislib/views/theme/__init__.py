"""chrislib views theme."""
