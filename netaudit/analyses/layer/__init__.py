"""Analyses of one layer."""
