"""What ties the capabilities together."""
