"""Devices, memory, spectra and the laws of random matrices."""
