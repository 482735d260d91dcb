"""TLA+ values, TLC and Java, the manifest; nothing here knows a learner."""
