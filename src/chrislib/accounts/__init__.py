"""Accounts: which server the window works with, and as whom."""
