"""One claim a file: a layer goes in, a Finding with its verdict comes out."""
