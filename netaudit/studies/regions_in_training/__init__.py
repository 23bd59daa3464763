"""What training does to the linear regions of a network: the weights kept after each epoch, one after the other."""
