"""chrislib views dialogs."""
