"""How far layers and residual blocks are from the identity, and what leaving out the last ones changes.

:func:`netaudit.geometry.depth_limit` looks at square layers, :func:`netaudit.geometry.residual_depth` at the residual
blocks of a module. Source: Xu and Zhang, arXiv:2107.12530; the bounds are derived in docs/method.md.
"""
