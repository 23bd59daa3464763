"""Analyses of the network as a whole."""
