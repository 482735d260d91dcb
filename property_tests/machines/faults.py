"""What goes wrong in every protocol: processes are cut off, crash, and restart."""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from model_consensus.evolutionary_search import Process
from property_tests.machines.schedules import Event, Recorded


class Faulty(Recorded):
    """A machine whose correct processes may be cut off or down; :meth:`all_are_up` comes first.

    A subclass says in :meth:`recovered` what a process knows that restarts.
    """

    victims: Sequence[Process]

    def all_are_up(self, victims: Sequence[Process]) -> None:
        """Begin with these correct processes, all connected."""
        self.victims = victims
        self.down: set[Process] = set()
        self.cut: frozenset[Process] = frozenset()

    def up(self) -> list[Process]:
        """The correct processes that are not down."""
        return [process for process in self.victims if process not in self.down]

    @rule(data=st.data())
    def partition(self, data: st.DataObject) -> None:
        """Some processes are cut off from the others; with nobody on that side it heals."""
        self.split(data.draw(st.frozensets(st.sampled_from(self.victims), max_size=2)))

    def split(self, side: frozenset[Process]) -> None:
        """Cut off this side."""
        self.cut = side
        self.events.append(Event("partition" if side else "heal", " ".join(sorted(side))))

    @precondition(lambda self: self.up())
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.crashed(data.draw(st.sampled_from(self.up())))

    def crashed(self, process: Process) -> None:
        """A process is down from now on."""
        self.down.add(process)
        self.events.append(Event("crash", process))

    @precondition(lambda self: self.down)
    @rule(data=st.data())
    def restart(self, data: st.DataObject) -> None:
        self.restarted(data.draw(st.sampled_from(sorted(self.down))))

    def restarted(self, process: Process) -> None:
        """A process is up again."""
        self.down.remove(process)
        self.events.append(Event("restart", process))
        self.hard.add("a restart")
        self.recovered(process)

    def recovered(self, process: Process) -> None:
        """It is as if it had not crashed, by what it has persisted or is given again."""
        raise NotImplementedError
