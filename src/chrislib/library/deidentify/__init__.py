"""De-identifying what is uploaded: projects, choices, plans, previews and records."""
