"""How often is a start not recognised, and from which step of training is a network seen to be trained?"""
