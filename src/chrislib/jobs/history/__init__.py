"""What is known of jobs that ran, and what that says of those that run."""
