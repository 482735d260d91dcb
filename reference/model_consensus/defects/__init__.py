"""Learners and nodes with one thing wrong: nobody should run these."""
