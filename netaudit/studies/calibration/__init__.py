"""The calibration study: how often each analysis is right on layers whose answer is known."""
