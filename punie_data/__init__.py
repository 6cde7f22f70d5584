"""Verified training data for local, tool-calling coding agents."""

__version__ = "0.1.0"
