"""The page of an audit: from the report and what each analysis says of it to a document. Loads no PyTorch."""
