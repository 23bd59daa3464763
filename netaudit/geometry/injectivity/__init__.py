"""Is a layer injective: can different inputs always be told apart by its outputs? With certificates.

:func:`netaudit.geometry.injective` decides; :mod:`.rays` bounds how much the layer shrinks distances; :mod:`.local`
looks at real inputs; :mod:`.laws` says what random layers do.
"""
