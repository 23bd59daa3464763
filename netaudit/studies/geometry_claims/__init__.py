"""How often do the analyses of the network's geometry raise a false alarm, and from which strength is a plant noticed?

One file an analysis has its lines and how a draw of one is made and judged; :mod:`.plan` names them.
"""
