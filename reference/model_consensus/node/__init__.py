"""Participants as operating-system processes, and a cluster of them on one machine."""
