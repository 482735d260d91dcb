"""When a decision at depth k is settled."""
