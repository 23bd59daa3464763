"""One file a format of the report: each lays the document out and knows nothing else."""
