"""What the user is told, when, how often, and in which words."""
