"""Which worker watches which camera. Pure: time is passed in, messages go out as return values.

One book for all halls of a server. Each camera is held by at most one worker; the worker with the
most free places gets the next. A lease's epoch grows with every lease that was ever given here, so
that a worker which woke up late can't speak for a camera that is another's by now.
"""

from __future__ import annotations

import msgspec

CRASH_HOLD_S = 30.0  # a camera that was being opened when its worker died waits, twice as long
CRASH_HOLD_MAX_S = 600.0  # each time


class Worker(msgspec.Struct, kw_only=True):
    """A connected worker. `halls` None: it serves every hall."""

    worker_id: str
    capacity: int
    halls: frozenset[str] | None
    heard: float
    cameras: set[str] = msgspec.field(default_factory=set)

    def may(self, hall_id: str) -> bool:
        return self.halls is None or hall_id in self.halls


class Lease(msgspec.Struct, kw_only=True):
    """What is known of one camera that wants watching."""

    camera_id: str
    hall_id: str
    worker_id: str | None = None
    epoch: int = 0
    told: bool = False  # its worker said how it is: trying to open it did no harm
    crashes: int = 0  # in a row, of workers that were opening it
    hold_until: float = 0.0
    alone_since: float = 0.0  # nobody watches it since


class Leases:
    """The book. Every method that gives leases returns them as (worker id, camera id, epoch)."""

    def __init__(self, first_epoch: int) -> None:
        self._epoch = first_epoch
        self.workers: dict[str, Worker] = {}
        self.leases: dict[str, Lease] = {}

    # --- cameras -------------------------------------------------------------------------------

    def want(self, camera_id: str, hall_id: str, now: float) -> None:
        """This camera is to be watched from now on."""
        if camera_id not in self.leases:
            self.leases[camera_id] = Lease(camera_id=camera_id, hall_id=hall_id, alone_since=now)

    def unwant(self, camera_id: str) -> str | None:
        """Nobody shall watch it any more; the worker that must drop it."""
        lease = self.leases.pop(camera_id, None)
        if lease is None or lease.worker_id is None:
            return None
        self.workers[lease.worker_id].cameras.discard(camera_id)
        return lease.worker_id

    def holder(self, camera_id: str) -> tuple[str, int] | None:
        """(worker id, epoch) of the worker that watches it."""
        lease = self.leases.get(camera_id)
        if lease is None or lease.worker_id is None:
            return None
        return lease.worker_id, lease.epoch

    def counts(self, worker_id: str, camera_id: str, epoch: int) -> bool:
        """Whether this worker may speak for the camera under this epoch."""
        return self.holder(camera_id) == (worker_id, epoch)

    def told(self, camera_id: str) -> None:
        """Its worker said how it is: whatever happens to that worker, it is not this camera."""
        lease = self.leases.get(camera_id)
        if lease is not None:
            lease.told, lease.crashes = True, 0

    def renew(self, camera_id: str) -> tuple[str, int] | None:
        """The same worker under a new epoch, when what it is to watch changed: what it says of
        the old counts for nothing. (worker id, epoch), or None when nobody watches it."""
        lease = self.leases.get(camera_id)
        if lease is None or lease.worker_id is None:
            return None
        self._epoch += 1
        lease.epoch, lease.told = self._epoch, False
        return lease.worker_id, lease.epoch

    def alone(self, now: float, longer_than_s: float) -> list[Lease]:
        """Cameras that nobody has watched for so long."""
        return [
            lease
            for lease in self.leases.values()
            if lease.worker_id is None and now - lease.alone_since > longer_than_s
        ]

    # --- workers -------------------------------------------------------------------------------

    def join(self, worker: Worker) -> None:
        self.workers[worker.worker_id] = worker

    def heard(self, worker_id: str, now: float) -> None:
        worker = self.workers.get(worker_id)
        if worker is not None:
            worker.heard = now

    def silent(self, now: float, lease_s: float) -> list[str]:
        """Workers whose leases have lapsed."""
        return [w.worker_id for w in self.workers.values() if now - w.heard > lease_s]

    def leave(self, worker_id: str, now: float, crashed: bool) -> None:
        """The worker is gone, or gets no more word in: its cameras are free."""
        worker = self.workers.pop(worker_id, None)
        if worker is None:
            return
        for camera_id in worker.cameras:
            lease = self.leases[camera_id]
            lease.worker_id, lease.alone_since = None, now
            if crashed and not lease.told:
                lease.crashes += 1
                if lease.crashes > 1:  # once may be chance: all that were being opened are hit
                    hold = CRASH_HOLD_S * 2 ** (lease.crashes - 2)
                    lease.hold_until = now + min(hold, CRASH_HOLD_MAX_S)

    def give(self, now: float) -> list[tuple[str, str, int]]:
        """Lease what is free to whoever has room."""
        given: list[tuple[str, str, int]] = []
        for lease in self.leases.values():
            if lease.worker_id is not None or now < lease.hold_until:
                continue
            room = [
                w for w in self.workers.values()
                if len(w.cameras) < w.capacity and w.may(lease.hall_id)
            ]  # fmt: skip
            if not room:
                continue
            worker = max(room, key=lambda w: (w.capacity - len(w.cameras), w.worker_id))
            self._epoch += 1
            lease.worker_id, lease.epoch, lease.told = worker.worker_id, self._epoch, False
            worker.cameras.add(lease.camera_id)
            given.append((worker.worker_id, lease.camera_id, lease.epoch))
        return given
