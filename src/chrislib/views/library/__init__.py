"""The Library: where data comes in and is looked at."""
