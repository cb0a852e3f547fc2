"""chrislib station."""
