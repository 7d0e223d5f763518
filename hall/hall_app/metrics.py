"""What `/metrics` says beside the time of each route: the writer, the halls, the screens."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hall_core.kernel import Kernel


class KernelCollector(Collector):
    """Reads the kernel when it is asked."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def collect(self) -> Iterator[Metric]:
        writer = self._kernel.writer
        yield CounterMetricFamily(
            "hall_commits", "Transactions committed", value=writer.committed_batches
        )
        yield CounterMetricFamily(
            "hall_committed_works", "Decisions committed", value=writer.committed_works
        )
        yield GaugeMetricFamily(
            "hall_last_commit_seconds", "Time of the last transaction", value=writer.last_commit_s
        )
        version = GaugeMetricFamily("hall_version", "Committed version", labels=["hall"])
        screens = GaugeMetricFamily("hall_screens", "Open streams", labels=["hall"])
        suspended = GaugeMetricFamily(
            "hall_suspended", "1 while the hall can't store", labels=["hall"]
        )
        for hall in self._kernel.halls.values():
            version.add_metric([hall.info.id], hall.hub.version)
            screens.add_metric([hall.info.id], hall.hub.clients)
            suspended.add_metric([hall.info.id], int(hall.suspended))
        yield from (version, screens, suspended)
        agents = self._kernel.agents
        yield GaugeMetricFamily("hall_agents", "Agents connected", value=len(agents.connections))
        yield CounterMetricFamily(
            "hall_agent_garbage", "Messages of agents that made no sense", value=agents.dropped
        )


def exposition(kernel: Kernel) -> bytes:
    """The kernel's figures and the process's, in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(KernelCollector(kernel))
    return generate_latest(registry) + generate_latest()
