"""From the result object to the words, numbers, tables and figure references of the report; see ``build.py``."""
