"""Seeded runs, simulated networks, and training."""
