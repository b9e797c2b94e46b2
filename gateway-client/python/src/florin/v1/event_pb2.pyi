from florin.v1 import ledger_pb2 as _ledger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EVENT_KIND_UNSPECIFIED: _ClassVar[EventKind]
    EVENT_KIND_ASSET_REGISTERED: _ClassVar[EventKind]
    EVENT_KIND_ACCOUNT_OPENED: _ClassVar[EventKind]
    EVENT_KIND_ACCOUNT_UPDATED: _ClassVar[EventKind]
    EVENT_KIND_TRANSFER_POSTED: _ClassVar[EventKind]
    EVENT_KIND_TRANSFER_REFUSED: _ClassVar[EventKind]
    EVENT_KIND_GROUP_REFUSED: _ClassVar[EventKind]
    EVENT_KIND_HOLD: _ClassVar[EventKind]
    EVENT_KIND_PAYMENT: _ClassVar[EventKind]
    EVENT_KIND_CHECKPOINT: _ClassVar[EventKind]
EVENT_KIND_UNSPECIFIED: EventKind
EVENT_KIND_ASSET_REGISTERED: EventKind
EVENT_KIND_ACCOUNT_OPENED: EventKind
EVENT_KIND_ACCOUNT_UPDATED: EventKind
EVENT_KIND_TRANSFER_POSTED: EventKind
EVENT_KIND_TRANSFER_REFUSED: EventKind
EVENT_KIND_GROUP_REFUSED: EventKind
EVENT_KIND_HOLD: EventKind
EVENT_KIND_PAYMENT: EventKind
EVENT_KIND_CHECKPOINT: EventKind

class SubscribeRequest(_message.Message):
    __slots__ = ("cursor", "beginning", "end", "filter", "batch_events")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    BEGINNING_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    BATCH_EVENTS_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    beginning: bool
    end: bool
    filter: EventFilter
    batch_events: int
    def __init__(self, cursor: _Optional[str] = ..., beginning: bool = ..., end: bool = ..., filter: _Optional[_Union[EventFilter, _Mapping]] = ..., batch_events: _Optional[int] = ...) -> None: ...

class EventFilter(_message.Message):
    __slots__ = ("accounts", "name_prefixes", "assets", "kinds")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    NAME_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[_ledger_pb2.AccountKey]
    name_prefixes: _containers.RepeatedScalarFieldContainer[str]
    assets: _containers.RepeatedScalarFieldContainer[str]
    kinds: _containers.RepeatedScalarFieldContainer[EventKind]
    def __init__(self, accounts: _Optional[_Iterable[_Union[_ledger_pb2.AccountKey, _Mapping]]] = ..., name_prefixes: _Optional[_Iterable[str]] = ..., assets: _Optional[_Iterable[str]] = ..., kinds: _Optional[_Iterable[_Union[EventKind, str]]] = ...) -> None: ...

class EventBatch(_message.Message):
    __slots__ = ("events", "cursor", "live")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    cursor: str
    live: bool
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., cursor: _Optional[str] = ..., live: bool = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("sequence", "timestamp_ns", "kind", "asset", "account", "transfer", "group", "group_index", "group_len", "asset_code", "asset_scale")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    GROUP_INDEX_FIELD_NUMBER: _ClassVar[int]
    GROUP_LEN_FIELD_NUMBER: _ClassVar[int]
    ASSET_CODE_FIELD_NUMBER: _ClassVar[int]
    ASSET_SCALE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    timestamp_ns: int
    kind: EventKind
    asset: _ledger_pb2.Asset
    account: AccountChanged
    transfer: _ledger_pb2.Transfer
    group: _ledger_pb2.GroupResult
    group_index: int
    group_len: int
    asset_code: str
    asset_scale: int
    def __init__(self, sequence: _Optional[int] = ..., timestamp_ns: _Optional[int] = ..., kind: _Optional[_Union[EventKind, str]] = ..., asset: _Optional[_Union[_ledger_pb2.Asset, _Mapping]] = ..., account: _Optional[_Union[AccountChanged, _Mapping]] = ..., transfer: _Optional[_Union[_ledger_pb2.Transfer, _Mapping]] = ..., group: _Optional[_Union[_ledger_pb2.GroupResult, _Mapping]] = ..., group_index: _Optional[int] = ..., group_len: _Optional[int] = ..., asset_code: _Optional[str] = ..., asset_scale: _Optional[int] = ...) -> None: ...

class AccountChanged(_message.Message):
    __slots__ = ("id", "name", "floor", "ceiling", "freeze", "closed", "metadata", "balance")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    FREEZE_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    id: _ledger_pb2.Uint128
    name: str
    floor: _ledger_pb2.Floor
    ceiling: _ledger_pb2.Ceiling
    freeze: _ledger_pb2.Freeze
    closed: bool
    metadata: _containers.ScalarMap[str, str]
    balance: _ledger_pb2.Int128
    def __init__(self, id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., name: _Optional[str] = ..., floor: _Optional[_Union[_ledger_pb2.Floor, _Mapping]] = ..., ceiling: _Optional[_Union[_ledger_pb2.Ceiling, _Mapping]] = ..., freeze: _Optional[_Union[_ledger_pb2.Freeze, str]] = ..., closed: bool = ..., metadata: _Optional[_Mapping[str, str]] = ..., balance: _Optional[_Union[_ledger_pb2.Int128, _Mapping]] = ...) -> None: ...
