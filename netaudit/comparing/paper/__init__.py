"""What goes into a paper of a comparison."""
