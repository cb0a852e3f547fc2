"""What tests of notifications share: a private session bus and a service on it."""
