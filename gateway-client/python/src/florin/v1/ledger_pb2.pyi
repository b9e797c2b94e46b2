from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Freeze(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FREEZE_UNSPECIFIED: _ClassVar[Freeze]
    FREEZE_NONE: _ClassVar[Freeze]
    FREEZE_DEBITS: _ClassVar[Freeze]
    FREEZE_CREDITS: _ClassVar[Freeze]
    FREEZE_BOTH: _ClassVar[Freeze]

class TransferMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_MODE_UNSPECIFIED: _ClassVar[TransferMode]
    TRANSFER_MODE_INDEPENDENT: _ClassVar[TransferMode]
    TRANSFER_MODE_GROUP: _ClassVar[TransferMode]

class TransferKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_KIND_UNSPECIFIED: _ClassVar[TransferKind]
    TRANSFER_KIND_MOVE: _ClassVar[TransferKind]
    TRANSFER_KIND_HOLD: _ClassVar[TransferKind]
    TRANSFER_KIND_CAPTURE: _ClassVar[TransferKind]
    TRANSFER_KIND_RELEASE: _ClassVar[TransferKind]
    TRANSFER_KIND_CHANGE: _ClassVar[TransferKind]
    TRANSFER_KIND_DUE_RELEASE: _ClassVar[TransferKind]
    TRANSFER_KIND_DUE_CAPTURE: _ClassVar[TransferKind]
    TRANSFER_KIND_PAYMENT_AUTHORIZE: _ClassVar[TransferKind]
    TRANSFER_KIND_PAYMENT_PAY: _ClassVar[TransferKind]
    TRANSFER_KIND_PAYMENT_CAPTURE: _ClassVar[TransferKind]
    TRANSFER_KIND_PAYMENT_CANCEL: _ClassVar[TransferKind]
    TRANSFER_KIND_PAYMENT_REFUND: _ClassVar[TransferKind]
    TRANSFER_KIND_PAYMENT_EXPIRE: _ClassVar[TransferKind]
    TRANSFER_KIND_PAYMENT_DUE_CAPTURE: _ClassVar[TransferKind]

class AtDue(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AT_DUE_UNSPECIFIED: _ClassVar[AtDue]
    AT_DUE_RELEASE: _ClassVar[AtDue]
    AT_DUE_CAPTURE: _ClassVar[AtDue]

class AmountMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AMOUNT_MODE_UNSPECIFIED: _ClassVar[AmountMode]
    AMOUNT_MODE_EXACT: _ClassVar[AmountMode]
    AMOUNT_MODE_UP_TO_AVAILABLE: _ClassVar[AmountMode]

class TransferStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_STATUS_UNSPECIFIED: _ClassVar[TransferStatus]
    TRANSFER_STATUS_POSTED: _ClassVar[TransferStatus]
    TRANSFER_STATUS_REFUSED: _ClassVar[TransferStatus]

class HoldState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HOLD_STATE_UNSPECIFIED: _ClassVar[HoldState]
    HOLD_STATE_OPEN: _ClassVar[HoldState]
    HOLD_STATE_CAPTURED: _ClassVar[HoldState]
    HOLD_STATE_RELEASED: _ClassVar[HoldState]
    HOLD_STATE_EXPIRED: _ClassVar[HoldState]

class AccountSide(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACCOUNT_SIDE_UNSPECIFIED: _ClassVar[AccountSide]
    ACCOUNT_SIDE_DEBIT: _ClassVar[AccountSide]
    ACCOUNT_SIDE_CREDIT: _ClassVar[AccountSide]
FREEZE_UNSPECIFIED: Freeze
FREEZE_NONE: Freeze
FREEZE_DEBITS: Freeze
FREEZE_CREDITS: Freeze
FREEZE_BOTH: Freeze
TRANSFER_MODE_UNSPECIFIED: TransferMode
TRANSFER_MODE_INDEPENDENT: TransferMode
TRANSFER_MODE_GROUP: TransferMode
TRANSFER_KIND_UNSPECIFIED: TransferKind
TRANSFER_KIND_MOVE: TransferKind
TRANSFER_KIND_HOLD: TransferKind
TRANSFER_KIND_CAPTURE: TransferKind
TRANSFER_KIND_RELEASE: TransferKind
TRANSFER_KIND_CHANGE: TransferKind
TRANSFER_KIND_DUE_RELEASE: TransferKind
TRANSFER_KIND_DUE_CAPTURE: TransferKind
TRANSFER_KIND_PAYMENT_AUTHORIZE: TransferKind
TRANSFER_KIND_PAYMENT_PAY: TransferKind
TRANSFER_KIND_PAYMENT_CAPTURE: TransferKind
TRANSFER_KIND_PAYMENT_CANCEL: TransferKind
TRANSFER_KIND_PAYMENT_REFUND: TransferKind
TRANSFER_KIND_PAYMENT_EXPIRE: TransferKind
TRANSFER_KIND_PAYMENT_DUE_CAPTURE: TransferKind
AT_DUE_UNSPECIFIED: AtDue
AT_DUE_RELEASE: AtDue
AT_DUE_CAPTURE: AtDue
AMOUNT_MODE_UNSPECIFIED: AmountMode
AMOUNT_MODE_EXACT: AmountMode
AMOUNT_MODE_UP_TO_AVAILABLE: AmountMode
TRANSFER_STATUS_UNSPECIFIED: TransferStatus
TRANSFER_STATUS_POSTED: TransferStatus
TRANSFER_STATUS_REFUSED: TransferStatus
HOLD_STATE_UNSPECIFIED: HoldState
HOLD_STATE_OPEN: HoldState
HOLD_STATE_CAPTURED: HoldState
HOLD_STATE_RELEASED: HoldState
HOLD_STATE_EXPIRED: HoldState
ACCOUNT_SIDE_UNSPECIFIED: AccountSide
ACCOUNT_SIDE_DEBIT: AccountSide
ACCOUNT_SIDE_CREDIT: AccountSide

class Uint128(_message.Message):
    __slots__ = ("lo", "hi")
    LO_FIELD_NUMBER: _ClassVar[int]
    HI_FIELD_NUMBER: _ClassVar[int]
    lo: int
    hi: int
    def __init__(self, lo: _Optional[int] = ..., hi: _Optional[int] = ...) -> None: ...

class Int128(_message.Message):
    __slots__ = ("lo", "hi")
    LO_FIELD_NUMBER: _ClassVar[int]
    HI_FIELD_NUMBER: _ClassVar[int]
    lo: int
    hi: int
    def __init__(self, lo: _Optional[int] = ..., hi: _Optional[int] = ...) -> None: ...

class AccountKey(_message.Message):
    __slots__ = ("id", "name")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    id: Uint128
    name: str
    def __init__(self, id: _Optional[_Union[Uint128, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class Asset(_message.Message):
    __slots__ = ("code", "scale")
    CODE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    code: str
    scale: int
    def __init__(self, code: _Optional[str] = ..., scale: _Optional[int] = ...) -> None: ...

class Floor(_message.Message):
    __slots__ = ("kind", "overdraft")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Floor.Kind]
        ZERO: _ClassVar[Floor.Kind]
        NONE: _ClassVar[Floor.Kind]
        OVERDRAFT: _ClassVar[Floor.Kind]
    KIND_UNSPECIFIED: Floor.Kind
    ZERO: Floor.Kind
    NONE: Floor.Kind
    OVERDRAFT: Floor.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    OVERDRAFT_FIELD_NUMBER: _ClassVar[int]
    kind: Floor.Kind
    overdraft: Uint128
    def __init__(self, kind: _Optional[_Union[Floor.Kind, str]] = ..., overdraft: _Optional[_Union[Uint128, _Mapping]] = ...) -> None: ...

class Ceiling(_message.Message):
    __slots__ = ("limit",)
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    limit: Uint128
    def __init__(self, limit: _Optional[_Union[Uint128, _Mapping]] = ...) -> None: ...

class Account(_message.Message):
    __slots__ = ("id", "name", "asset", "debits_posted", "credits_posted", "debits_pending", "credits_pending", "balance", "available", "floor", "freeze", "closed", "metadata", "opened_at_ns", "last_sequence", "ceiling")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    DEBITS_POSTED_FIELD_NUMBER: _ClassVar[int]
    CREDITS_POSTED_FIELD_NUMBER: _ClassVar[int]
    DEBITS_PENDING_FIELD_NUMBER: _ClassVar[int]
    CREDITS_PENDING_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    FREEZE_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_NS_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    id: Uint128
    name: str
    asset: Asset
    debits_posted: Uint128
    credits_posted: Uint128
    debits_pending: Uint128
    credits_pending: Uint128
    balance: Int128
    available: Uint128
    floor: Floor
    freeze: Freeze
    closed: bool
    metadata: _containers.ScalarMap[str, str]
    opened_at_ns: int
    last_sequence: int
    ceiling: Ceiling
    def __init__(self, id: _Optional[_Union[Uint128, _Mapping]] = ..., name: _Optional[str] = ..., asset: _Optional[_Union[Asset, _Mapping]] = ..., debits_posted: _Optional[_Union[Uint128, _Mapping]] = ..., credits_posted: _Optional[_Union[Uint128, _Mapping]] = ..., debits_pending: _Optional[_Union[Uint128, _Mapping]] = ..., credits_pending: _Optional[_Union[Uint128, _Mapping]] = ..., balance: _Optional[_Union[Int128, _Mapping]] = ..., available: _Optional[_Union[Uint128, _Mapping]] = ..., floor: _Optional[_Union[Floor, _Mapping]] = ..., freeze: _Optional[_Union[Freeze, str]] = ..., closed: bool = ..., metadata: _Optional[_Mapping[str, str]] = ..., opened_at_ns: _Optional[int] = ..., last_sequence: _Optional[int] = ..., ceiling: _Optional[_Union[Ceiling, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("reason", "message", "account_id", "asked", "missing", "would_pass", "field", "member")
    class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        REASON_UNSPECIFIED: _ClassVar[Refusal.Reason]
        MESSAGE_TOO_LARGE: _ClassVar[Refusal.Reason]
        BATCH_EMPTY: _ClassVar[Refusal.Reason]
        BATCH_TOO_LARGE: _ClassVar[Refusal.Reason]
        MODE_UNKNOWN: _ClassVar[Refusal.Reason]
        GROUP_ID_UNEXPECTED: _ClassVar[Refusal.Reason]
        COLUMNS_MALFORMED: _ClassVar[Refusal.Reason]
        PAGE_TOKEN_INVALID: _ClassVar[Refusal.Reason]
        PAGE_SIZE_INVALID: _ClassVar[Refusal.Reason]
        CURSOR_INVALID: _ClassVar[Refusal.Reason]
        FILTER_INVALID: _ClassVar[Refusal.Reason]
        CURSOR_ARCHIVED: _ClassVar[Refusal.Reason]
        CURSOR_AHEAD: _ClassVar[Refusal.Reason]
        LINEAGE_CHANGED: _ClassVar[Refusal.Reason]
        SUBSCRIBER_SLOW: _ClassVar[Refusal.Reason]
        MOMENT_MISSING: _ClassVar[Refusal.Reason]
        MOMENT_AHEAD: _ClassVar[Refusal.Reason]
        SHUTTING_DOWN: _ClassVar[Refusal.Reason]
        DISK_FULL: _ClassVar[Refusal.Reason]
        OVERLOADED: _ClassVar[Refusal.Reason]
        JOURNAL_UNREADABLE: _ClassVar[Refusal.Reason]
        GROUP_ID_MISSING: _ClassVar[Refusal.Reason]
        GROUP_TOO_LARGE: _ClassVar[Refusal.Reason]
        ID_ZERO: _ClassVar[Refusal.Reason]
        ID_TWICE_IN_BATCH: _ClassVar[Refusal.Reason]
        ENUM_UNKNOWN: _ClassVar[Refusal.Reason]
        REVERSAL_MALFORMED: _ClassVar[Refusal.Reason]
        ACCOUNT_KEY_MISSING: _ClassVar[Refusal.Reason]
        NAME_INVALID: _ClassVar[Refusal.Reason]
        SAME_ACCOUNT: _ClassVar[Refusal.Reason]
        AMOUNT_ZERO: _ClassVar[Refusal.Reason]
        AMOUNT_INVALID: _ClassVar[Refusal.Reason]
        AMOUNT_NEGATIVE: _ClassVar[Refusal.Reason]
        AMOUNT_TOO_PRECISE: _ClassVar[Refusal.Reason]
        AMOUNT_TOO_LARGE: _ClassVar[Refusal.Reason]
        ASSET_INVALID: _ClassVar[Refusal.Reason]
        VALUE_DATE_INVALID: _ClassVar[Refusal.Reason]
        METADATA_TOO_LARGE: _ClassVar[Refusal.Reason]
        FLOOR_INVALID: _ClassVar[Refusal.Reason]
        UPDATE_EMPTY: _ClassVar[Refusal.Reason]
        HOLD_MALFORMED: _ClassVar[Refusal.Reason]
        REFERENCE_INVALID: _ClassVar[Refusal.Reason]
        CEILING_INVALID: _ClassVar[Refusal.Reason]
        SCORE_INVALID: _ClassVar[Refusal.Reason]
        ID_REUSED: _ClassVar[Refusal.Reason]
        GROUP_MIXED: _ClassVar[Refusal.Reason]
        ORIGINAL_NOT_FOUND: _ClassVar[Refusal.Reason]
        ORIGINAL_NOT_POSTED: _ClassVar[Refusal.Reason]
        ALREADY_REVERSED: _ClassVar[Refusal.Reason]
        HOLD_NOT_FOUND: _ClassVar[Refusal.Reason]
        HOLD_EXPIRED: _ClassVar[Refusal.Reason]
        HOLD_CLOSED: _ClassVar[Refusal.Reason]
        HOLD_EXCEEDED: _ClassVar[Refusal.Reason]
        PAYMENT_NOT_FOUND: _ClassVar[Refusal.Reason]
        PAYMENT_STATE_INVALID: _ClassVar[Refusal.Reason]
        PAYMENT_EXCEEDED: _ClassVar[Refusal.Reason]
        DUE_PASSED: _ClassVar[Refusal.Reason]
        ACCOUNT_NOT_FOUND: _ClassVar[Refusal.Reason]
        ASSET_MISMATCH: _ClassVar[Refusal.Reason]
        ACCOUNT_CLOSED: _ClassVar[Refusal.Reason]
        ACCOUNT_FROZEN: _ClassVar[Refusal.Reason]
        INSUFFICIENT_FUNDS: _ClassVar[Refusal.Reason]
        CEILING_EXCEEDED: _ClassVar[Refusal.Reason]
        BALANCE_OVERFLOW: _ClassVar[Refusal.Reason]
        GROUP_MEMBER_REFUSED: _ClassVar[Refusal.Reason]
        ASSET_NOT_FOUND: _ClassVar[Refusal.Reason]
        ACCOUNT_NOT_EMPTY: _ClassVar[Refusal.Reason]
        BALANCE_BELOW_FLOOR: _ClassVar[Refusal.Reason]
        BALANCE_ABOVE_CEILING: _ClassVar[Refusal.Reason]
        ASSET_LIMIT: _ClassVar[Refusal.Reason]
        SNAPSHOT_FAILED: _ClassVar[Refusal.Reason]
        FENCED: _ClassVar[Refusal.Reason]
    REASON_UNSPECIFIED: Refusal.Reason
    MESSAGE_TOO_LARGE: Refusal.Reason
    BATCH_EMPTY: Refusal.Reason
    BATCH_TOO_LARGE: Refusal.Reason
    MODE_UNKNOWN: Refusal.Reason
    GROUP_ID_UNEXPECTED: Refusal.Reason
    COLUMNS_MALFORMED: Refusal.Reason
    PAGE_TOKEN_INVALID: Refusal.Reason
    PAGE_SIZE_INVALID: Refusal.Reason
    CURSOR_INVALID: Refusal.Reason
    FILTER_INVALID: Refusal.Reason
    CURSOR_ARCHIVED: Refusal.Reason
    CURSOR_AHEAD: Refusal.Reason
    LINEAGE_CHANGED: Refusal.Reason
    SUBSCRIBER_SLOW: Refusal.Reason
    MOMENT_MISSING: Refusal.Reason
    MOMENT_AHEAD: Refusal.Reason
    SHUTTING_DOWN: Refusal.Reason
    DISK_FULL: Refusal.Reason
    OVERLOADED: Refusal.Reason
    JOURNAL_UNREADABLE: Refusal.Reason
    GROUP_ID_MISSING: Refusal.Reason
    GROUP_TOO_LARGE: Refusal.Reason
    ID_ZERO: Refusal.Reason
    ID_TWICE_IN_BATCH: Refusal.Reason
    ENUM_UNKNOWN: Refusal.Reason
    REVERSAL_MALFORMED: Refusal.Reason
    ACCOUNT_KEY_MISSING: Refusal.Reason
    NAME_INVALID: Refusal.Reason
    SAME_ACCOUNT: Refusal.Reason
    AMOUNT_ZERO: Refusal.Reason
    AMOUNT_INVALID: Refusal.Reason
    AMOUNT_NEGATIVE: Refusal.Reason
    AMOUNT_TOO_PRECISE: Refusal.Reason
    AMOUNT_TOO_LARGE: Refusal.Reason
    ASSET_INVALID: Refusal.Reason
    VALUE_DATE_INVALID: Refusal.Reason
    METADATA_TOO_LARGE: Refusal.Reason
    FLOOR_INVALID: Refusal.Reason
    UPDATE_EMPTY: Refusal.Reason
    HOLD_MALFORMED: Refusal.Reason
    REFERENCE_INVALID: Refusal.Reason
    CEILING_INVALID: Refusal.Reason
    SCORE_INVALID: Refusal.Reason
    ID_REUSED: Refusal.Reason
    GROUP_MIXED: Refusal.Reason
    ORIGINAL_NOT_FOUND: Refusal.Reason
    ORIGINAL_NOT_POSTED: Refusal.Reason
    ALREADY_REVERSED: Refusal.Reason
    HOLD_NOT_FOUND: Refusal.Reason
    HOLD_EXPIRED: Refusal.Reason
    HOLD_CLOSED: Refusal.Reason
    HOLD_EXCEEDED: Refusal.Reason
    PAYMENT_NOT_FOUND: Refusal.Reason
    PAYMENT_STATE_INVALID: Refusal.Reason
    PAYMENT_EXCEEDED: Refusal.Reason
    DUE_PASSED: Refusal.Reason
    ACCOUNT_NOT_FOUND: Refusal.Reason
    ASSET_MISMATCH: Refusal.Reason
    ACCOUNT_CLOSED: Refusal.Reason
    ACCOUNT_FROZEN: Refusal.Reason
    INSUFFICIENT_FUNDS: Refusal.Reason
    CEILING_EXCEEDED: Refusal.Reason
    BALANCE_OVERFLOW: Refusal.Reason
    GROUP_MEMBER_REFUSED: Refusal.Reason
    ASSET_NOT_FOUND: Refusal.Reason
    ACCOUNT_NOT_EMPTY: Refusal.Reason
    BALANCE_BELOW_FLOOR: Refusal.Reason
    BALANCE_ABOVE_CEILING: Refusal.Reason
    ASSET_LIMIT: Refusal.Reason
    SNAPSHOT_FAILED: Refusal.Reason
    FENCED: Refusal.Reason
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    WOULD_PASS_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    reason: Refusal.Reason
    message: str
    account_id: Uint128
    asked: Uint128
    missing: Uint128
    would_pass: Uint128
    field: str
    member: int
    def __init__(self, reason: _Optional[_Union[Refusal.Reason, str]] = ..., message: _Optional[str] = ..., account_id: _Optional[_Union[Uint128, _Mapping]] = ..., asked: _Optional[_Union[Uint128, _Mapping]] = ..., missing: _Optional[_Union[Uint128, _Mapping]] = ..., would_pass: _Optional[_Union[Uint128, _Mapping]] = ..., field: _Optional[str] = ..., member: _Optional[int] = ...) -> None: ...

class CreateAssetsRequest(_message.Message):
    __slots__ = ("assets",)
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedCompositeFieldContainer[Asset]
    def __init__(self, assets: _Optional[_Iterable[_Union[Asset, _Mapping]]] = ...) -> None: ...

class CreateAssetsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[CreateAssetResult]
    def __init__(self, results: _Optional[_Iterable[_Union[CreateAssetResult, _Mapping]]] = ...) -> None: ...

class CreateAssetResult(_message.Message):
    __slots__ = ("code", "refusal", "replayed")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    code: str
    refusal: Refusal
    replayed: bool
    def __init__(self, code: _Optional[str] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., replayed: bool = ...) -> None: ...

class ListAssetsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAssetsResponse(_message.Message):
    __slots__ = ("assets",)
    ASSETS_FIELD_NUMBER: _ClassVar[int]
    assets: _containers.RepeatedCompositeFieldContainer[Asset]
    def __init__(self, assets: _Optional[_Iterable[_Union[Asset, _Mapping]]] = ...) -> None: ...

class CreateAccountsRequest(_message.Message):
    __slots__ = ("accounts",)
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[NewAccount]
    def __init__(self, accounts: _Optional[_Iterable[_Union[NewAccount, _Mapping]]] = ...) -> None: ...

class NewAccount(_message.Message):
    __slots__ = ("key", "asset", "floor", "metadata", "ceiling")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    KEY_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    key: AccountKey
    asset: str
    floor: Floor
    metadata: _containers.ScalarMap[str, str]
    ceiling: Ceiling
    def __init__(self, key: _Optional[_Union[AccountKey, _Mapping]] = ..., asset: _Optional[str] = ..., floor: _Optional[_Union[Floor, _Mapping]] = ..., metadata: _Optional[_Mapping[str, str]] = ..., ceiling: _Optional[_Union[Ceiling, _Mapping]] = ...) -> None: ...

class CreateAccountsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[CreateAccountResult]
    def __init__(self, results: _Optional[_Iterable[_Union[CreateAccountResult, _Mapping]]] = ...) -> None: ...

class CreateAccountResult(_message.Message):
    __slots__ = ("id", "refusal", "replayed", "sequence")
    ID_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: Uint128
    refusal: Refusal
    replayed: bool
    sequence: int
    def __init__(self, id: _Optional[_Union[Uint128, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., replayed: bool = ..., sequence: _Optional[int] = ...) -> None: ...

class UpdateAccountRequest(_message.Message):
    __slots__ = ("account", "freeze", "close", "floor", "ceiling")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    FREEZE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    account: AccountKey
    freeze: Freeze
    close: bool
    floor: Floor
    ceiling: Ceiling
    def __init__(self, account: _Optional[_Union[AccountKey, _Mapping]] = ..., freeze: _Optional[_Union[Freeze, str]] = ..., close: bool = ..., floor: _Optional[_Union[Floor, _Mapping]] = ..., ceiling: _Optional[_Union[Ceiling, _Mapping]] = ...) -> None: ...

class UpdateAccountResponse(_message.Message):
    __slots__ = ("account",)
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    account: Account
    def __init__(self, account: _Optional[_Union[Account, _Mapping]] = ...) -> None: ...

class GetAccountsRequest(_message.Message):
    __slots__ = ("accounts",)
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[AccountKey]
    def __init__(self, accounts: _Optional[_Iterable[_Union[AccountKey, _Mapping]]] = ...) -> None: ...

class GetAccountsResponse(_message.Message):
    __slots__ = ("accounts", "missing")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    missing: _containers.RepeatedCompositeFieldContainer[AccountKey]
    def __init__(self, accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ..., missing: _Optional[_Iterable[_Union[AccountKey, _Mapping]]] = ...) -> None: ...

class ListAccountsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "name_prefix")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NAME_PREFIX_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    name_prefix: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., name_prefix: _Optional[str] = ...) -> None: ...

class ListAccountsResponse(_message.Message):
    __slots__ = ("accounts", "next_page_token")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[Account]
    next_page_token: str
    def __init__(self, accounts: _Optional[_Iterable[_Union[Account, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CreateTransfersRequest(_message.Message):
    __slots__ = ("mode", "group_id", "transfers")
    MODE_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    mode: TransferMode
    group_id: Uint128
    transfers: _containers.RepeatedCompositeFieldContainer[NewTransfer]
    def __init__(self, mode: _Optional[_Union[TransferMode, str]] = ..., group_id: _Optional[_Union[Uint128, _Mapping]] = ..., transfers: _Optional[_Iterable[_Union[NewTransfer, _Mapping]]] = ...) -> None: ...

class NewTransfer(_message.Message):
    __slots__ = ("id", "debit_account", "credit_account", "amount", "amount_mode", "asset", "code", "value_date", "metadata", "reverses", "kind", "hold", "due_at_ns", "at_due", "release_rest")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    DEBIT_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    CREDIT_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MODE_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    REVERSES_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HOLD_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_NS_FIELD_NUMBER: _ClassVar[int]
    AT_DUE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_REST_FIELD_NUMBER: _ClassVar[int]
    id: Uint128
    debit_account: AccountKey
    credit_account: AccountKey
    amount: Uint128
    amount_mode: AmountMode
    asset: str
    code: int
    value_date: int
    metadata: _containers.ScalarMap[str, str]
    reverses: Uint128
    kind: TransferKind
    hold: Uint128
    due_at_ns: int
    at_due: AtDue
    release_rest: bool
    def __init__(self, id: _Optional[_Union[Uint128, _Mapping]] = ..., debit_account: _Optional[_Union[AccountKey, _Mapping]] = ..., credit_account: _Optional[_Union[AccountKey, _Mapping]] = ..., amount: _Optional[_Union[Uint128, _Mapping]] = ..., amount_mode: _Optional[_Union[AmountMode, str]] = ..., asset: _Optional[str] = ..., code: _Optional[int] = ..., value_date: _Optional[int] = ..., metadata: _Optional[_Mapping[str, str]] = ..., reverses: _Optional[_Union[Uint128, _Mapping]] = ..., kind: _Optional[_Union[TransferKind, str]] = ..., hold: _Optional[_Union[Uint128, _Mapping]] = ..., due_at_ns: _Optional[int] = ..., at_due: _Optional[_Union[AtDue, str]] = ..., release_rest: bool = ...) -> None: ...

class CreateTransfersResponse(_message.Message):
    __slots__ = ("results", "group")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[TransferResult]
    group: GroupResult
    def __init__(self, results: _Optional[_Iterable[_Union[TransferResult, _Mapping]]] = ..., group: _Optional[_Union[GroupResult, _Mapping]] = ...) -> None: ...

class TransferResult(_message.Message):
    __slots__ = ("id", "status", "replayed", "sequence", "timestamp_ns", "amount", "debit_balance_after", "credit_balance_after", "refusal", "hold_remaining")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    DEBIT_BALANCE_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREDIT_BALANCE_AFTER_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    HOLD_REMAINING_FIELD_NUMBER: _ClassVar[int]
    id: Uint128
    status: TransferStatus
    replayed: bool
    sequence: int
    timestamp_ns: int
    amount: Uint128
    debit_balance_after: Int128
    credit_balance_after: Int128
    refusal: Refusal
    hold_remaining: Uint128
    def __init__(self, id: _Optional[_Union[Uint128, _Mapping]] = ..., status: _Optional[_Union[TransferStatus, str]] = ..., replayed: bool = ..., sequence: _Optional[int] = ..., timestamp_ns: _Optional[int] = ..., amount: _Optional[_Union[Uint128, _Mapping]] = ..., debit_balance_after: _Optional[_Union[Int128, _Mapping]] = ..., credit_balance_after: _Optional[_Union[Int128, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., hold_remaining: _Optional[_Union[Uint128, _Mapping]] = ...) -> None: ...

class GroupResult(_message.Message):
    __slots__ = ("id", "status", "replayed", "sequence", "refusal")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    id: Uint128
    status: TransferStatus
    replayed: bool
    sequence: int
    refusal: Refusal
    def __init__(self, id: _Optional[_Union[Uint128, _Mapping]] = ..., status: _Optional[_Union[TransferStatus, str]] = ..., replayed: bool = ..., sequence: _Optional[int] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class BulkTransfersRequest(_message.Message):
    __slots__ = ("mode", "group_id", "id_lo", "id_hi", "debit_account_lo", "debit_account_hi", "credit_account_lo", "credit_account_hi", "amount_lo", "amount_hi", "code", "value_date", "asset", "kind", "hold_lo", "hold_hi", "due_at_ns", "at_due", "release_rest")
    MODE_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    ID_LO_FIELD_NUMBER: _ClassVar[int]
    ID_HI_FIELD_NUMBER: _ClassVar[int]
    DEBIT_ACCOUNT_LO_FIELD_NUMBER: _ClassVar[int]
    DEBIT_ACCOUNT_HI_FIELD_NUMBER: _ClassVar[int]
    CREDIT_ACCOUNT_LO_FIELD_NUMBER: _ClassVar[int]
    CREDIT_ACCOUNT_HI_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_LO_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_HI_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HOLD_LO_FIELD_NUMBER: _ClassVar[int]
    HOLD_HI_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_NS_FIELD_NUMBER: _ClassVar[int]
    AT_DUE_FIELD_NUMBER: _ClassVar[int]
    RELEASE_REST_FIELD_NUMBER: _ClassVar[int]
    mode: TransferMode
    group_id: Uint128
    id_lo: _containers.RepeatedScalarFieldContainer[int]
    id_hi: _containers.RepeatedScalarFieldContainer[int]
    debit_account_lo: _containers.RepeatedScalarFieldContainer[int]
    debit_account_hi: _containers.RepeatedScalarFieldContainer[int]
    credit_account_lo: _containers.RepeatedScalarFieldContainer[int]
    credit_account_hi: _containers.RepeatedScalarFieldContainer[int]
    amount_lo: _containers.RepeatedScalarFieldContainer[int]
    amount_hi: _containers.RepeatedScalarFieldContainer[int]
    code: _containers.RepeatedScalarFieldContainer[int]
    value_date: _containers.RepeatedScalarFieldContainer[int]
    asset: str
    kind: _containers.RepeatedScalarFieldContainer[TransferKind]
    hold_lo: _containers.RepeatedScalarFieldContainer[int]
    hold_hi: _containers.RepeatedScalarFieldContainer[int]
    due_at_ns: _containers.RepeatedScalarFieldContainer[int]
    at_due: _containers.RepeatedScalarFieldContainer[AtDue]
    release_rest: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, mode: _Optional[_Union[TransferMode, str]] = ..., group_id: _Optional[_Union[Uint128, _Mapping]] = ..., id_lo: _Optional[_Iterable[int]] = ..., id_hi: _Optional[_Iterable[int]] = ..., debit_account_lo: _Optional[_Iterable[int]] = ..., debit_account_hi: _Optional[_Iterable[int]] = ..., credit_account_lo: _Optional[_Iterable[int]] = ..., credit_account_hi: _Optional[_Iterable[int]] = ..., amount_lo: _Optional[_Iterable[int]] = ..., amount_hi: _Optional[_Iterable[int]] = ..., code: _Optional[_Iterable[int]] = ..., value_date: _Optional[_Iterable[int]] = ..., asset: _Optional[str] = ..., kind: _Optional[_Iterable[_Union[TransferKind, str]]] = ..., hold_lo: _Optional[_Iterable[int]] = ..., hold_hi: _Optional[_Iterable[int]] = ..., due_at_ns: _Optional[_Iterable[int]] = ..., at_due: _Optional[_Iterable[_Union[AtDue, str]]] = ..., release_rest: _Optional[_Iterable[bool]] = ...) -> None: ...

class BulkTransfersResponse(_message.Message):
    __slots__ = ("posted", "replayed", "refused", "first_sequence", "first_timestamp_ns", "others", "group")
    POSTED_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    FIRST_TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    OTHERS_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    posted: int
    replayed: int
    refused: int
    first_sequence: int
    first_timestamp_ns: int
    others: _containers.RepeatedCompositeFieldContainer[BulkResult]
    group: GroupResult
    def __init__(self, posted: _Optional[int] = ..., replayed: _Optional[int] = ..., refused: _Optional[int] = ..., first_sequence: _Optional[int] = ..., first_timestamp_ns: _Optional[int] = ..., others: _Optional[_Iterable[_Union[BulkResult, _Mapping]]] = ..., group: _Optional[_Union[GroupResult, _Mapping]] = ...) -> None: ...

class BulkResult(_message.Message):
    __slots__ = ("index", "result")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    index: int
    result: TransferResult
    def __init__(self, index: _Optional[int] = ..., result: _Optional[_Union[TransferResult, _Mapping]] = ...) -> None: ...

class GetTransfersRequest(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedCompositeFieldContainer[Uint128]
    def __init__(self, ids: _Optional[_Iterable[_Union[Uint128, _Mapping]]] = ...) -> None: ...

class GetTransfersResponse(_message.Message):
    __slots__ = ("transfers", "missing")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    missing: _containers.RepeatedCompositeFieldContainer[Uint128]
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., missing: _Optional[_Iterable[_Union[Uint128, _Mapping]]] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("id", "status", "debit_account_id", "credit_account_id", "amount", "requested_amount", "amount_mode", "code", "value_date", "metadata", "group_id", "reverses", "reversed_by_sequence", "sequence", "timestamp_ns", "debit_balance_after", "credit_balance_after", "refusal", "kind", "hold_id", "hold_remaining", "due_at_ns", "at_due", "released", "blocked_by", "debit_pending_after", "credit_pending_after")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DEBIT_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CREDIT_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AMOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MODE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    REVERSES_FIELD_NUMBER: _ClassVar[int]
    REVERSED_BY_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    DEBIT_BALANCE_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREDIT_BALANCE_AFTER_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HOLD_ID_FIELD_NUMBER: _ClassVar[int]
    HOLD_REMAINING_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_NS_FIELD_NUMBER: _ClassVar[int]
    AT_DUE_FIELD_NUMBER: _ClassVar[int]
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_BY_FIELD_NUMBER: _ClassVar[int]
    DEBIT_PENDING_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREDIT_PENDING_AFTER_FIELD_NUMBER: _ClassVar[int]
    id: Uint128
    status: TransferStatus
    debit_account_id: Uint128
    credit_account_id: Uint128
    amount: Uint128
    requested_amount: Uint128
    amount_mode: AmountMode
    code: int
    value_date: int
    metadata: _containers.ScalarMap[str, str]
    group_id: Uint128
    reverses: Uint128
    reversed_by_sequence: int
    sequence: int
    timestamp_ns: int
    debit_balance_after: Int128
    credit_balance_after: Int128
    refusal: Refusal
    kind: TransferKind
    hold_id: Uint128
    hold_remaining: Uint128
    due_at_ns: int
    at_due: AtDue
    released: Uint128
    blocked_by: Refusal.Reason
    debit_pending_after: Uint128
    credit_pending_after: Uint128
    def __init__(self, id: _Optional[_Union[Uint128, _Mapping]] = ..., status: _Optional[_Union[TransferStatus, str]] = ..., debit_account_id: _Optional[_Union[Uint128, _Mapping]] = ..., credit_account_id: _Optional[_Union[Uint128, _Mapping]] = ..., amount: _Optional[_Union[Uint128, _Mapping]] = ..., requested_amount: _Optional[_Union[Uint128, _Mapping]] = ..., amount_mode: _Optional[_Union[AmountMode, str]] = ..., code: _Optional[int] = ..., value_date: _Optional[int] = ..., metadata: _Optional[_Mapping[str, str]] = ..., group_id: _Optional[_Union[Uint128, _Mapping]] = ..., reverses: _Optional[_Union[Uint128, _Mapping]] = ..., reversed_by_sequence: _Optional[int] = ..., sequence: _Optional[int] = ..., timestamp_ns: _Optional[int] = ..., debit_balance_after: _Optional[_Union[Int128, _Mapping]] = ..., credit_balance_after: _Optional[_Union[Int128, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., kind: _Optional[_Union[TransferKind, str]] = ..., hold_id: _Optional[_Union[Uint128, _Mapping]] = ..., hold_remaining: _Optional[_Union[Uint128, _Mapping]] = ..., due_at_ns: _Optional[int] = ..., at_due: _Optional[_Union[AtDue, str]] = ..., released: _Optional[_Union[Uint128, _Mapping]] = ..., blocked_by: _Optional[_Union[Refusal.Reason, str]] = ..., debit_pending_after: _Optional[_Union[Uint128, _Mapping]] = ..., credit_pending_after: _Optional[_Union[Uint128, _Mapping]] = ...) -> None: ...

class GetHoldsRequest(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedCompositeFieldContainer[Uint128]
    def __init__(self, ids: _Optional[_Iterable[_Union[Uint128, _Mapping]]] = ...) -> None: ...

class GetHoldsResponse(_message.Message):
    __slots__ = ("holds", "missing")
    HOLDS_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    holds: _containers.RepeatedCompositeFieldContainer[Hold]
    missing: _containers.RepeatedCompositeFieldContainer[Uint128]
    def __init__(self, holds: _Optional[_Iterable[_Union[Hold, _Mapping]]] = ..., missing: _Optional[_Iterable[_Union[Uint128, _Mapping]]] = ...) -> None: ...

class Hold(_message.Message):
    __slots__ = ("id", "state", "debit_account_id", "credit_account_id", "amount", "captured", "released", "remaining", "due_at_ns", "at_due", "placed_sequence", "last_sequence")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DEBIT_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CREDIT_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_FIELD_NUMBER: _ClassVar[int]
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_NS_FIELD_NUMBER: _ClassVar[int]
    AT_DUE_FIELD_NUMBER: _ClassVar[int]
    PLACED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: Uint128
    state: HoldState
    debit_account_id: Uint128
    credit_account_id: Uint128
    amount: Uint128
    captured: Uint128
    released: Uint128
    remaining: Uint128
    due_at_ns: int
    at_due: AtDue
    placed_sequence: int
    last_sequence: int
    def __init__(self, id: _Optional[_Union[Uint128, _Mapping]] = ..., state: _Optional[_Union[HoldState, str]] = ..., debit_account_id: _Optional[_Union[Uint128, _Mapping]] = ..., credit_account_id: _Optional[_Union[Uint128, _Mapping]] = ..., amount: _Optional[_Union[Uint128, _Mapping]] = ..., captured: _Optional[_Union[Uint128, _Mapping]] = ..., released: _Optional[_Union[Uint128, _Mapping]] = ..., remaining: _Optional[_Union[Uint128, _Mapping]] = ..., due_at_ns: _Optional[int] = ..., at_due: _Optional[_Union[AtDue, str]] = ..., placed_sequence: _Optional[int] = ..., last_sequence: _Optional[int] = ...) -> None: ...

class ListAccountTransfersRequest(_message.Message):
    __slots__ = ("account", "page_size", "page_token", "from_ns", "until_ns", "side", "kinds", "code")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FROM_NS_FIELD_NUMBER: _ClassVar[int]
    UNTIL_NS_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    account: AccountKey
    page_size: int
    page_token: str
    from_ns: int
    until_ns: int
    side: AccountSide
    kinds: _containers.RepeatedScalarFieldContainer[TransferKind]
    code: int
    def __init__(self, account: _Optional[_Union[AccountKey, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., from_ns: _Optional[int] = ..., until_ns: _Optional[int] = ..., side: _Optional[_Union[AccountSide, str]] = ..., kinds: _Optional[_Iterable[_Union[TransferKind, str]]] = ..., code: _Optional[int] = ...) -> None: ...

class ListAccountTransfersResponse(_message.Message):
    __slots__ = ("transfers", "next_page_token", "account_id", "asset")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    next_page_token: str
    account_id: Uint128
    asset: Asset
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., account_id: _Optional[_Union[Uint128, _Mapping]] = ..., asset: _Optional[_Union[Asset, _Mapping]] = ...) -> None: ...

class GetBalanceAtRequest(_message.Message):
    __slots__ = ("account", "sequence", "time_ns")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    account: AccountKey
    sequence: int
    time_ns: int
    def __init__(self, account: _Optional[_Union[AccountKey, _Mapping]] = ..., sequence: _Optional[int] = ..., time_ns: _Optional[int] = ...) -> None: ...

class GetBalanceAtResponse(_message.Message):
    __slots__ = ("account_id", "asset", "opened", "balance", "debits_pending", "floor", "available", "event_sequence", "event_time_ns", "resolved_sequence", "resolved_time_ns")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    DEBITS_PENDING_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    EVENT_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    account_id: Uint128
    asset: Asset
    opened: bool
    balance: Int128
    debits_pending: Uint128
    floor: Floor
    available: Uint128
    event_sequence: int
    event_time_ns: int
    resolved_sequence: int
    resolved_time_ns: int
    def __init__(self, account_id: _Optional[_Union[Uint128, _Mapping]] = ..., asset: _Optional[_Union[Asset, _Mapping]] = ..., opened: bool = ..., balance: _Optional[_Union[Int128, _Mapping]] = ..., debits_pending: _Optional[_Union[Uint128, _Mapping]] = ..., floor: _Optional[_Union[Floor, _Mapping]] = ..., available: _Optional[_Union[Uint128, _Mapping]] = ..., event_sequence: _Optional[int] = ..., event_time_ns: _Optional[int] = ..., resolved_sequence: _Optional[int] = ..., resolved_time_ns: _Optional[int] = ...) -> None: ...
