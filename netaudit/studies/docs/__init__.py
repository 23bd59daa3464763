"""The parts of the pages in docs/ and of the README that are made from the code."""
