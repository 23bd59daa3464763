"""What users of other tools look for, under WeightWatcher's column names."""
