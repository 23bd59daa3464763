"""H2: the biases of a layer are essentially one constant."""
