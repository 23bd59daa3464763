"""Every claim after every epoch of a training, as curves."""
