"""Do recurrent networks that read film reviews have a line attractor? The experiment of arXiv:1906.10720."""
