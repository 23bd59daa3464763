"""Text, spans and tables in LaTeX: ASCII files that every engine reads, whatever the names in them."""
