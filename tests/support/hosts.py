"""Hosts of Streamlet nodes that break the rule which binds them."""

from collections.abc import Callable

from model_consensus.simulation.streamlet_host import Host


class SendsFirst(Host):
    """Sends before it persists: after a crash in between it does not know what it has sent."""

    def finish(self, send: Callable[[], None], crashes: bool) -> None:
        send()
        if not crashes:
            self.persist()
