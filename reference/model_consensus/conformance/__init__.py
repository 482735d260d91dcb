"""What ties the implementation to the specifications."""
