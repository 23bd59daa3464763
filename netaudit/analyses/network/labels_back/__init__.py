"""Labels sent down the stack as shadows and forward again."""
