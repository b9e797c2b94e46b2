from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

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
    __slots__ = ("version", "lineage", "uptime_s", "accepting", "not_accepting_reason", "partitions")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    UPTIME_S_FIELD_NUMBER: _ClassVar[int]
    ACCEPTING_FIELD_NUMBER: _ClassVar[int]
    NOT_ACCEPTING_REASON_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    version: str
    lineage: str
    uptime_s: int
    accepting: bool
    not_accepting_reason: str
    partitions: _containers.RepeatedCompositeFieldContainer[PartitionStatus]
    def __init__(self, version: _Optional[str] = ..., lineage: _Optional[str] = ..., uptime_s: _Optional[int] = ..., accepting: bool = ..., not_accepting_reason: _Optional[str] = ..., partitions: _Optional[_Iterable[_Union[PartitionStatus, _Mapping]]] = ...) -> None: ...

class PartitionStatus(_message.Message):
    __slots__ = ("partition", "epoch", "sequence", "durable_sequence", "accounts", "ids", "transfers_posted", "transfers_refused", "conserved", "assets", "segment", "journal_bytes", "free_bytes", "frames", "sync_p50_us", "sync_p99_us", "in_flight", "account_bytes", "open_holds", "timers", "due_paused", "subscribers")
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
    def __init__(self, partition: _Optional[int] = ..., epoch: _Optional[int] = ..., sequence: _Optional[int] = ..., durable_sequence: _Optional[int] = ..., accounts: _Optional[int] = ..., ids: _Optional[int] = ..., transfers_posted: _Optional[int] = ..., transfers_refused: _Optional[int] = ..., conserved: bool = ..., assets: _Optional[_Iterable[_Union[AssetTotals, _Mapping]]] = ..., segment: _Optional[int] = ..., journal_bytes: _Optional[int] = ..., free_bytes: _Optional[int] = ..., frames: _Optional[int] = ..., sync_p50_us: _Optional[int] = ..., sync_p99_us: _Optional[int] = ..., in_flight: _Optional[int] = ..., account_bytes: _Optional[int] = ..., open_holds: _Optional[int] = ..., timers: _Optional[int] = ..., due_paused: bool = ..., subscribers: _Optional[int] = ...) -> None: ...

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
