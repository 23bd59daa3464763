"""What leaving out the last blocks of a residual network changes, from its initialisation to the end of training."""
