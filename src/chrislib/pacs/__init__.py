"""chrislib pacs."""
