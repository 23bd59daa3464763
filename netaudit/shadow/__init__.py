"""The shadow distribution of a fully connected layer: draw it, invert it, predict the error."""
