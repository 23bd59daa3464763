"""Do recurrent networks that classify sentiment have a line attractor? The experiment of arXiv:1906.10720 on real text."""
