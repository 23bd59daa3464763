"""Which hidden neurons of a ReLU network can be told from its outputs alone, by someone who holds the weights.

:func:`netaudit.geometry.identifiable` answers. :mod:`.bounds` bounds the pre-activations over all inputs of a box;
:mod:`.muted` and :mod:`.twins` look at the weights; :mod:`.switching` looks for inputs at which a neuron is on and off.
"""
