"""Streamlet, a broadcast that learners can stand on."""
