"""Byzantine-resilient learning without gradients: the reference implementation of model-consensus.

The definitions follow the idea and the names of Kucharavy, Monti, Guerraoui and Dolamic,
"Byzantine-Resilient Learning Beyond Gradients: Distributing Evolutionary Search"
(arXiv 2304.13540, 2023). The formalisation, the bounds and the algorithms are ours.

Read ``landscapes`` and ``evolutionary_search`` first, then ``tob_learner`` beside
``spec/TobLearner.tla`` and ``pow_learner`` beside ``spec/PowLearner.tla``.  These modules are the
reference; the subpackages check it, attack it, or run it.
"""

__version__ = "0.1.0"
