"""What Byzantine processes try, by name."""
