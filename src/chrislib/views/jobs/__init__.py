"""chrislib views jobs."""
