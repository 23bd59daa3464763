"""H3: the singular values follow the Marchenko-Pastur law."""
