"""The theory put to the test on matrices that are random by construction; see ``statements.py`` for the list."""
