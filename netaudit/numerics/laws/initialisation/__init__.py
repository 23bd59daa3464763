"""How the usual initialisations draw weights and biases, and exact tests of whether they could have drawn these."""
