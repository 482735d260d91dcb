"""What an adversary that mines sees: everything."""

from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from model_consensus import pow_learner
from model_consensus.evolutionary_search import Model, Process, Search, Step
from model_consensus.pow_learner import Learner
from model_consensus.systems.pow import PowSystem
from model_consensus.systems.pow_actions import State
from model_consensus.tob_learner import Offer


@dataclass(frozen=True)
class View:
    """What the adversary sees.  Blocks are named by their places, as in the specification."""

    system: PowSystem
    state: State

    def is_withheld(self, place: int) -> bool:
        """Whether no correct process has received the block, which is the adversary's."""
        return place > 0 and self.system.is_withheld(self.state, place)

    @cached_property
    def top(self) -> int:
        """The highest block that is not withheld, of several the first; 0 is the genesis."""
        downwards = self._downwards(0)
        return next(place for place in downwards if not self.is_withheld(place))

    @cached_property
    def secret(self) -> int:
        """The highest withheld block, of several the first; 0 if there is none.

        One that is more than depth + 2 blocks behind the top is given up.
        """
        least = self.height(self.top) - self.system.rules.depth - 2
        return next(filter(self.is_withheld, self._downwards(least)), 0)

    def _downwards(self, least: int) -> Iterator[int]:
        """The blocks of this height and more, the highest first."""
        blocks = self.state.blocks
        for height in range(blocks.highest, least - 1, -1):
            yield from blocks.at_height(height)

    def height(self, place: int) -> int:
        """The length of the chain that ends with the block."""
        return self.system.height(self.state, place)

    def parent(self, place: int) -> int:
        """The block that ``place`` extends; the genesis extends itself."""
        if place == 0:
            return 0
        return self.state.blocks.parent(place)

    def ancestor(self, place: int, height: int) -> int:
        """The block of that height in the chain to ``place``; ``place`` itself if it is lower."""
        while self.height(place) > height:
            place = self.parent(place)
        return place

    def fork(self, place: int) -> int:
        """The last block that is not withheld in the chain to ``place``."""
        while self.is_withheld(place):
            place = self.parent(place)
        return place

    def is_own(self, place: int) -> bool:
        """Whether the adversary mined the block."""
        return place > 0 and self.miner(place) in self.system.byzantine

    def miner(self, place: int) -> Process:
        """Who mined the block."""
        return self.state.blocks[place - 1].miner

    def rivals(self, place: int) -> tuple[int, ...]:
        """The other blocks of the same height that are not withheld."""
        level = self.state.blocks.at_height(self.height(place))
        return tuple(each for each in level if each != place and not self.is_withheld(each))

    @property
    def last(self) -> int:
        """The block mined last."""
        return len(self.state.blocks)

    def model(self, place: int) -> Model:
        """The model that the block leads to."""
        return self.system.model(self.state, place)

    @cached_property
    def search(self) -> Search:
        """The landscape."""
        return self.system.landscapes.search(self.state.loss)

    def public_offer(self, place: int) -> Offer:
        """The public offer on the block's model, whose claim is the floor."""
        return pow_learner.public_offer(self.search, self.model(place))

    def best_step(self, process: Process, place: int) -> Step:
        """What a correct process would lead with on the block, with all offers on its model."""
        model = self.model(place)
        root = self.system.genesis.digest
        learner = Learner(process, root, {model.digest: model}, ChainMap(), model.digest)
        offers = self.system.offers_on(self.state, model)
        chosen = pow_learner.useful(self.search, learner, offers)
        learner = pow_learner.catch(self.search, learner, chosen)
        chosen = pow_learner.useful(self.search, learner, offers)
        return pow_learner.best_step(self.search, learner, chosen)
