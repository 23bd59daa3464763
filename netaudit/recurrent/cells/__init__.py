"""Recurrent cells as maps of a state, in float64, with their Jacobians in closed form."""
