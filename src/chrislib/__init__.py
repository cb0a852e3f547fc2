"""chrislib: a desktop workbench for ChRIS."""
