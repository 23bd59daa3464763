"""Figures from binned data, by matplotlib objects; see ``draw.py``."""
