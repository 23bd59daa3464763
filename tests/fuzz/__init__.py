"""Mutate valid files of every format that netaudit reads, and look whether each is read rightly or refused."""
