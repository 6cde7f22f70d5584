"""Judges of what a model did: a scorer returns a value that says what was wrong, never a bare number."""
