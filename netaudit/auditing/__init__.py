"""An audit: a network goes in, one layer at a time; a report comes out."""
