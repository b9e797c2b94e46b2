from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateBackupRequest(_message.Message):
    __slots__ = ("to", "full", "bytes_per_second")
    TO_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    BYTES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    to: str
    full: bool
    bytes_per_second: int
    def __init__(self, to: _Optional[str] = ..., full: bool = ..., bytes_per_second: _Optional[int] = ...) -> None: ...

class BackupProgress(_message.Message):
    __slots__ = ("phase", "bytes_done", "bytes_total", "sequence", "made")
    class Phase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PHASE_UNSPECIFIED: _ClassVar[BackupProgress.Phase]
        PHASE_READING: _ClassVar[BackupProgress.Phase]
        PHASE_SENDING: _ClassVar[BackupProgress.Phase]
        PHASE_DONE: _ClassVar[BackupProgress.Phase]
    PHASE_UNSPECIFIED: BackupProgress.Phase
    PHASE_READING: BackupProgress.Phase
    PHASE_SENDING: BackupProgress.Phase
    PHASE_DONE: BackupProgress.Phase
    PHASE_FIELD_NUMBER: _ClassVar[int]
    BYTES_DONE_FIELD_NUMBER: _ClassVar[int]
    BYTES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    MADE_FIELD_NUMBER: _ClassVar[int]
    phase: BackupProgress.Phase
    bytes_done: int
    bytes_total: int
    sequence: int
    made: BackupMade
    def __init__(self, phase: _Optional[_Union[BackupProgress.Phase, str]] = ..., bytes_done: _Optional[int] = ..., bytes_total: _Optional[int] = ..., sequence: _Optional[int] = ..., made: _Optional[_Union[BackupMade, _Mapping]] = ...) -> None: ...

class BackupMade(_message.Message):
    __slots__ = ("manifest", "lineage", "sequence", "last_timestamp_ns", "objects", "objects_sent", "bytes", "bytes_sent")
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_SENT_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    BYTES_SENT_FIELD_NUMBER: _ClassVar[int]
    manifest: str
    lineage: str
    sequence: int
    last_timestamp_ns: int
    objects: int
    objects_sent: int
    bytes: int
    bytes_sent: int
    def __init__(self, manifest: _Optional[str] = ..., lineage: _Optional[str] = ..., sequence: _Optional[int] = ..., last_timestamp_ns: _Optional[int] = ..., objects: _Optional[int] = ..., objects_sent: _Optional[int] = ..., bytes: _Optional[int] = ..., bytes_sent: _Optional[int] = ...) -> None: ...

class CreateSnapshotRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SnapshotProgress(_message.Message):
    __slots__ = ("pieces_done", "pieces_total", "bytes", "snapshot")
    PIECES_DONE_FIELD_NUMBER: _ClassVar[int]
    PIECES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    pieces_done: int
    pieces_total: int
    bytes: int
    snapshot: Snapshot
    def __init__(self, pieces_done: _Optional[int] = ..., pieces_total: _Optional[int] = ..., bytes: _Optional[int] = ..., snapshot: _Optional[_Union[Snapshot, _Mapping]] = ...) -> None: ...

class Snapshot(_message.Message):
    __slots__ = ("id", "sequence", "taken_at_ns", "accounts", "holds", "bytes")
    ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TAKEN_AT_NS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    id: int
    sequence: int
    taken_at_ns: int
    accounts: int
    holds: int
    bytes: int
    def __init__(self, id: _Optional[int] = ..., sequence: _Optional[int] = ..., taken_at_ns: _Optional[int] = ..., accounts: _Optional[int] = ..., holds: _Optional[int] = ..., bytes: _Optional[int] = ...) -> None: ...

class ListSnapshotsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListSnapshotsResponse(_message.Message):
    __slots__ = ("snapshots",)
    SNAPSHOTS_FIELD_NUMBER: _ClassVar[int]
    snapshots: _containers.RepeatedCompositeFieldContainer[Snapshot]
    def __init__(self, snapshots: _Optional[_Iterable[_Union[Snapshot, _Mapping]]] = ...) -> None: ...

class DeleteSnapshotRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: int
    def __init__(self, id: _Optional[int] = ...) -> None: ...

class DeleteSnapshotResponse(_message.Message):
    __slots__ = ("was_there",)
    WAS_THERE_FIELD_NUMBER: _ClassVar[int]
    was_there: bool
    def __init__(self, was_there: bool = ...) -> None: ...

class AcceptClockRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AcceptClockResponse(_message.Message):
    __slots__ = ("was_paused",)
    WAS_PAUSED_FIELD_NUMBER: _ClassVar[int]
    was_paused: bool
    def __init__(self, was_paused: bool = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("version", "lineage", "uptime_s", "accepting", "not_accepting_reason", "partitions", "fork")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    UPTIME_S_FIELD_NUMBER: _ClassVar[int]
    ACCEPTING_FIELD_NUMBER: _ClassVar[int]
    NOT_ACCEPTING_REASON_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    FORK_FIELD_NUMBER: _ClassVar[int]
    version: str
    lineage: str
    uptime_s: int
    accepting: bool
    not_accepting_reason: str
    partitions: _containers.RepeatedCompositeFieldContainer[PartitionStatus]
    fork: bool
    def __init__(self, version: _Optional[str] = ..., lineage: _Optional[str] = ..., uptime_s: _Optional[int] = ..., accepting: bool = ..., not_accepting_reason: _Optional[str] = ..., partitions: _Optional[_Iterable[_Union[PartitionStatus, _Mapping]]] = ..., fork: bool = ...) -> None: ...

class PartitionStatus(_message.Message):
    __slots__ = ("partition", "epoch", "sequence", "durable_sequence", "accounts", "ids", "transfers_posted", "transfers_refused", "conserved", "assets", "segment", "journal_bytes", "free_bytes", "frames", "sync_p50_us", "sync_p99_us", "in_flight", "account_bytes", "open_holds", "timers", "due_paused", "subscribers", "snapshot_id", "snapshot_sequence", "snapshot_taken_at_ns", "events_to_replay", "index_through", "ids_through", "ids_in_memory")
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DURABLE_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_POSTED_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_REFUSED_FIELD_NUMBER: _ClassVar[int]
    CONSERVED_FIELD_NUMBER: _ClassVar[int]
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    SYNC_P50_US_FIELD_NUMBER: _ClassVar[int]
    SYNC_P99_US_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPEN_HOLDS_FIELD_NUMBER: _ClassVar[int]
    TIMERS_FIELD_NUMBER: _ClassVar[int]
    DUE_PAUSED_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBERS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_ID_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_TAKEN_AT_NS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_TO_REPLAY_FIELD_NUMBER: _ClassVar[int]
    INDEX_THROUGH_FIELD_NUMBER: _ClassVar[int]
    IDS_THROUGH_FIELD_NUMBER: _ClassVar[int]
    IDS_IN_MEMORY_FIELD_NUMBER: _ClassVar[int]
    partition: int
    epoch: int
    sequence: int
    durable_sequence: int
    accounts: int
    ids: int
    transfers_posted: int
    transfers_refused: int
    conserved: bool
    assets: _containers.RepeatedCompositeFieldContainer[AssetTotals]
    segment: int
    journal_bytes: int
    free_bytes: int
    frames: int
    sync_p50_us: int
    sync_p99_us: int
    in_flight: int
    account_bytes: int
    open_holds: int
    timers: int
    due_paused: bool
    subscribers: int
    snapshot_id: int
    snapshot_sequence: int
    snapshot_taken_at_ns: int
    events_to_replay: int
    index_through: int
    ids_through: int
    ids_in_memory: int
    def __init__(self, partition: _Optional[int] = ..., epoch: _Optional[int] = ..., sequence: _Optional[int] = ..., durable_sequence: _Optional[int] = ..., accounts: _Optional[int] = ..., ids: _Optional[int] = ..., transfers_posted: _Optional[int] = ..., transfers_refused: _Optional[int] = ..., conserved: bool = ..., assets: _Optional[_Iterable[_Union[AssetTotals, _Mapping]]] = ..., segment: _Optional[int] = ..., journal_bytes: _Optional[int] = ..., free_bytes: _Optional[int] = ..., frames: _Optional[int] = ..., sync_p50_us: _Optional[int] = ..., sync_p99_us: _Optional[int] = ..., in_flight: _Optional[int] = ..., account_bytes: _Optional[int] = ..., open_holds: _Optional[int] = ..., timers: _Optional[int] = ..., due_paused: bool = ..., subscribers: _Optional[int] = ..., snapshot_id: _Optional[int] = ..., snapshot_sequence: _Optional[int] = ..., snapshot_taken_at_ns: _Optional[int] = ..., events_to_replay: _Optional[int] = ..., index_through: _Optional[int] = ..., ids_through: _Optional[int] = ..., ids_in_memory: _Optional[int] = ...) -> None: ...

class AssetTotals(_message.Message):
    __slots__ = ("code", "scale", "debits_lo", "debits_hi", "credits_lo", "credits_hi")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    DEBITS_LO_FIELD_NUMBER: _ClassVar[int]
    DEBITS_HI_FIELD_NUMBER: _ClassVar[int]
    CREDITS_LO_FIELD_NUMBER: _ClassVar[int]
    CREDITS_HI_FIELD_NUMBER: _ClassVar[int]
    code: str
    scale: int
    debits_lo: int
    debits_hi: int
    credits_lo: int
    credits_hi: int
    def __init__(self, code: _Optional[str] = ..., scale: _Optional[int] = ..., debits_lo: _Optional[int] = ..., debits_hi: _Optional[int] = ..., credits_lo: _Optional[int] = ..., credits_hi: _Optional[int] = ...) -> None: ...
