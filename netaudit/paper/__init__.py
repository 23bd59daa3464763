"""What goes into a paper beside the report: LaTeX with its figures, tables of numbers, a section of a model card."""
