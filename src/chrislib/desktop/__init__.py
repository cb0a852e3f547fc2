"""chrislib desktop."""
