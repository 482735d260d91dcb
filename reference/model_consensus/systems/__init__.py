"""Each protocol with its network and adversary, as a labelled transition system."""
