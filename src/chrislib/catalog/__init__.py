"""chrislib catalog."""
