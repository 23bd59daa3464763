"""How stored tensors become weights: dequantised, multiplied out, merged, split. One rule a file."""
