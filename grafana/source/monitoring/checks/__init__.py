"""Checks of what is generated and of what is written by hand beside it."""
