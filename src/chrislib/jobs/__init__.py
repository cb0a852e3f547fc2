"""chrislib jobs."""
