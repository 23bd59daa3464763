"""The calibration study: how often each analyser is right on layers whose answer is known."""
