"""How random-like are the real layers that can be had, beside layers as initialisations draw them?"""
