"""What each label looks like at the network's input."""
