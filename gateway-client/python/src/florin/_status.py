"""How the engine is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from florin._asset import Asset
from florin.v1 import admin_pb2 as pb


@dataclass(frozen=True, slots=True)
class AssetTotals:
    """Totals of one asset over all accounts, minor units."""

    #: The asset.
    asset: Asset
    #: Sum of posted debits.
    debits_minor: int
    #: Sum of posted credits.
    credits_minor: int


@dataclass(frozen=True, slots=True)
class NewestSnapshot:
    """The newest snapshot of a partition."""

    #: Its number.
    id: int
    #: The event from which on a start that uses it replays.
    sequence: int
    #: When it was taken, ns since 1970.
    taken_at_ns: int


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition."""

    #: Its number, from 0.
    partition: int
    #: Raised at every opening of the journal.
    epoch: int
    #: Sequence of the last event that was decided.
    sequence: int
    #: Sequence of the last event that is on disk.
    durable_sequence: int
    #: Accounts opened.
    accounts: int
    #: Transfer and group ids remembered.
    ids: int
    #: Transfers posted, over the whole history.
    transfers_posted: int
    #: Transfers and groups refused and journaled, over the whole history.
    transfers_refused: int
    #: Debits equal credits in every asset.
    conserved: bool
    #: One entry an asset.
    assets: Sequence[AssetTotals]
    #: Number of the journal segment that is written now.
    segment: int
    #: Bytes of journal in all segments.
    journal_bytes: int
    #: Bytes free on the file system of the data directory.
    free_bytes: int
    #: Group commits written since the process began.
    frames: int
    #: Median time of one write and sync since the process began, microseconds.
    sync_p50_us: int
    #: 99th percentile of the same.
    sync_p99_us: int
    #: Requests admitted and not yet answered.
    in_flight: int
    #: Bytes of memory that accounts take, their table included.
    account_bytes: int
    #: Holds and payments that reserve something.
    open_holds: int
    #: Of these, those that will fall due.
    timers: int
    #: The clock has jumped forward past the time of some of them: nothing falls due until it is accepted.
    due_paused: bool
    #: Subscribers of the feed.
    subscribers: int
    #: The newest snapshot.
    snapshot: NewestSnapshot | None
    #: Events that a start would replay now.
    events_to_replay: int
    #: Every segment up to the one with this event has its index.
    index_through: int
    #: Every id of the events up to this one is in a sorted file.
    ids_through: int
    #: Ids that are in memory.
    ids_in_memory: int


@dataclass(frozen=True, slots=True)
class Status:
    """How the engine is: what it holds, how far it is durable, whether it takes payments."""

    #: Version of the server.
    version: str
    #: Lineage of this ledger's history: 32 hex digits.
    lineage: str
    #: Seconds since this process began to serve.
    uptime_s: int
    #: Whether writes are taken now.
    accepting: bool
    #: Why they are not.
    not_accepting_reason: str | None
    #: One entry a partition.
    partitions: Sequence[PartitionStatus]
    #: A copy of another ledger to try things on, never to be taken for the original.
    fork: bool

    @classmethod
    def of_wire(cls, wire: pb.GetStatusResponse) -> Status:
        """From the contract's message."""
        return cls(
            version=wire.version,
            lineage=wire.lineage,
            uptime_s=wire.uptime_s,
            accepting=wire.accepting,
            not_accepting_reason=wire.not_accepting_reason or None,
            partitions=[_partition(partition) for partition in wire.partitions],
            fork=wire.fork,
        )


def _partition(wire: pb.PartitionStatus) -> PartitionStatus:
    return PartitionStatus(
        partition=wire.partition,
        epoch=wire.epoch,
        sequence=wire.sequence,
        durable_sequence=wire.durable_sequence,
        accounts=wire.accounts,
        ids=wire.ids,
        transfers_posted=wire.transfers_posted,
        transfers_refused=wire.transfers_refused,
        conserved=wire.conserved,
        assets=[_totals(totals) for totals in wire.assets],
        segment=wire.segment,
        journal_bytes=wire.journal_bytes,
        free_bytes=wire.free_bytes,
        frames=wire.frames,
        sync_p50_us=wire.sync_p50_us,
        sync_p99_us=wire.sync_p99_us,
        in_flight=wire.in_flight,
        account_bytes=wire.account_bytes,
        open_holds=wire.open_holds,
        timers=wire.timers,
        due_paused=wire.due_paused,
        subscribers=wire.subscribers,
        snapshot=_snapshot(wire),
        events_to_replay=wire.events_to_replay,
        index_through=wire.index_through,
        ids_through=wire.ids_through,
        ids_in_memory=wire.ids_in_memory,
    )


def _snapshot(wire: pb.PartitionStatus) -> NewestSnapshot | None:
    if not wire.HasField("snapshot_id"):
        return None
    return NewestSnapshot(
        id=wire.snapshot_id, sequence=wire.snapshot_sequence, taken_at_ns=wire.snapshot_taken_at_ns
    )


def _totals(wire: pb.AssetTotals) -> AssetTotals:
    return AssetTotals(
        asset=Asset(wire.code, wire.scale),
        debits_minor=wire.debits_hi << 64 | wire.debits_lo,
        credits_minor=wire.credits_hi << 64 | wire.credits_lo,
    )
