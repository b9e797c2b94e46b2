from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class FollowRequest(_message.Message):
    __slots__ = ("lineage", "segment", "header_hash", "offset", "last_sequence", "follows")
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    HEADER_HASH_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FOLLOWS_FIELD_NUMBER: _ClassVar[int]
    lineage: bytes
    segment: int
    header_hash: bytes
    offset: int
    last_sequence: int
    follows: bytes
    def __init__(self, lineage: _Optional[bytes] = ..., segment: _Optional[int] = ..., header_hash: _Optional[bytes] = ..., offset: _Optional[int] = ..., last_sequence: _Optional[int] = ..., follows: _Optional[bytes] = ...) -> None: ...

class ShippedPiece(_message.Message):
    __slots__ = ("segment", "offset", "bytes", "durable_through", "read_at_ns", "epoch", "lineage")
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    DURABLE_THROUGH_FIELD_NUMBER: _ClassVar[int]
    READ_AT_NS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    segment: int
    offset: int
    bytes: bytes
    durable_through: int
    read_at_ns: int
    epoch: int
    lineage: bytes
    def __init__(self, segment: _Optional[int] = ..., offset: _Optional[int] = ..., bytes: _Optional[bytes] = ..., durable_through: _Optional[int] = ..., read_at_ns: _Optional[int] = ..., epoch: _Optional[int] = ..., lineage: _Optional[bytes] = ...) -> None: ...

class FenceRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: bytes
    def __init__(self, token: _Optional[bytes] = ...) -> None: ...

class FenceResponse(_message.Message):
    __slots__ = ("durable_through", "epoch", "was_fenced", "kept", "problem")
    DURABLE_THROUGH_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    WAS_FENCED_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    durable_through: int
    epoch: int
    was_fenced: bool
    kept: bool
    problem: str
    def __init__(self, durable_through: _Optional[int] = ..., epoch: _Optional[int] = ..., was_fenced: bool = ..., kept: bool = ..., problem: _Optional[str] = ...) -> None: ...

class GetFollowStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetFollowStatusResponse(_message.Message):
    __slots__ = ("version", "lineage", "leader", "connected", "problem", "followed_through", "leader_durable_through", "leader_epoch", "lag_ms", "delay_p50_us", "delay_p99_us", "delay_max_us", "segment", "bytes", "connections", "replayed", "digests_checked")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    LINEAGE_FIELD_NUMBER: _ClassVar[int]
    LEADER_FIELD_NUMBER: _ClassVar[int]
    CONNECTED_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    FOLLOWED_THROUGH_FIELD_NUMBER: _ClassVar[int]
    LEADER_DURABLE_THROUGH_FIELD_NUMBER: _ClassVar[int]
    LEADER_EPOCH_FIELD_NUMBER: _ClassVar[int]
    LAG_MS_FIELD_NUMBER: _ClassVar[int]
    DELAY_P50_US_FIELD_NUMBER: _ClassVar[int]
    DELAY_P99_US_FIELD_NUMBER: _ClassVar[int]
    DELAY_MAX_US_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    DIGESTS_CHECKED_FIELD_NUMBER: _ClassVar[int]
    version: str
    lineage: str
    leader: str
    connected: bool
    problem: str
    followed_through: int
    leader_durable_through: int
    leader_epoch: int
    lag_ms: int
    delay_p50_us: int
    delay_p99_us: int
    delay_max_us: int
    segment: int
    bytes: int
    connections: int
    replayed: int
    digests_checked: int
    def __init__(self, version: _Optional[str] = ..., lineage: _Optional[str] = ..., leader: _Optional[str] = ..., connected: bool = ..., problem: _Optional[str] = ..., followed_through: _Optional[int] = ..., leader_durable_through: _Optional[int] = ..., leader_epoch: _Optional[int] = ..., lag_ms: _Optional[int] = ..., delay_p50_us: _Optional[int] = ..., delay_p99_us: _Optional[int] = ..., delay_max_us: _Optional[int] = ..., segment: _Optional[int] = ..., bytes: _Optional[int] = ..., connections: _Optional[int] = ..., replayed: _Optional[int] = ..., digests_checked: _Optional[int] = ...) -> None: ...
