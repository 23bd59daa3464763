"""Weights files: one format a file."""
