from florin.v1 import ledger_pb2 as _ledger_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CaptureMethod(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAPTURE_METHOD_UNSPECIFIED: _ClassVar[CaptureMethod]
    CAPTURE_METHOD_AUTOMATIC: _ClassVar[CaptureMethod]
    CAPTURE_METHOD_MANUAL: _ClassVar[CaptureMethod]

class PaymentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYMENT_STATE_UNSPECIFIED: _ClassVar[PaymentState]
    PAYMENT_STATE_REQUIRES_CAPTURE: _ClassVar[PaymentState]
    PAYMENT_STATE_PARTIALLY_CAPTURED: _ClassVar[PaymentState]
    PAYMENT_STATE_CAPTURED: _ClassVar[PaymentState]
    PAYMENT_STATE_CANCELED: _ClassVar[PaymentState]
    PAYMENT_STATE_EXPIRED: _ClassVar[PaymentState]
    PAYMENT_STATE_PARTIALLY_REFUNDED: _ClassVar[PaymentState]
    PAYMENT_STATE_REFUNDED: _ClassVar[PaymentState]
CAPTURE_METHOD_UNSPECIFIED: CaptureMethod
CAPTURE_METHOD_AUTOMATIC: CaptureMethod
CAPTURE_METHOD_MANUAL: CaptureMethod
PAYMENT_STATE_UNSPECIFIED: PaymentState
PAYMENT_STATE_REQUIRES_CAPTURE: PaymentState
PAYMENT_STATE_PARTIALLY_CAPTURED: PaymentState
PAYMENT_STATE_CAPTURED: PaymentState
PAYMENT_STATE_CANCELED: PaymentState
PAYMENT_STATE_EXPIRED: PaymentState
PAYMENT_STATE_PARTIALLY_REFUNDED: PaymentState
PAYMENT_STATE_REFUNDED: PaymentState

class Money(_message.Message):
    __slots__ = ("amount", "currency")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    amount: str
    currency: str
    def __init__(self, amount: _Optional[str] = ..., currency: _Optional[str] = ...) -> None: ...

class Payment(_message.Message):
    __slots__ = ("id", "state", "source_account_id", "destination_account_id", "amount", "amount_capturable", "amount_captured", "amount_refunded", "amount_released", "fee", "reference", "metadata", "score", "code", "value_date", "due_at_ns", "at_due", "tenant", "created_at_ns", "created_sequence", "last_sequence")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_CAPTURABLE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_CAPTURED_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_REFUNDED_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_RELEASED_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_NS_FIELD_NUMBER: _ClassVar[int]
    AT_DUE_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_NS_FIELD_NUMBER: _ClassVar[int]
    CREATED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    LAST_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    id: _ledger_pb2.Uint128
    state: PaymentState
    source_account_id: _ledger_pb2.Uint128
    destination_account_id: _ledger_pb2.Uint128
    amount: Money
    amount_capturable: Money
    amount_captured: Money
    amount_refunded: Money
    amount_released: Money
    fee: Money
    reference: str
    metadata: _containers.ScalarMap[str, str]
    score: int
    code: int
    value_date: int
    due_at_ns: int
    at_due: _ledger_pb2.AtDue
    tenant: int
    created_at_ns: int
    created_sequence: int
    last_sequence: int
    def __init__(self, id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., state: _Optional[_Union[PaymentState, str]] = ..., source_account_id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., destination_account_id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., amount: _Optional[_Union[Money, _Mapping]] = ..., amount_capturable: _Optional[_Union[Money, _Mapping]] = ..., amount_captured: _Optional[_Union[Money, _Mapping]] = ..., amount_refunded: _Optional[_Union[Money, _Mapping]] = ..., amount_released: _Optional[_Union[Money, _Mapping]] = ..., fee: _Optional[_Union[Money, _Mapping]] = ..., reference: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., score: _Optional[int] = ..., code: _Optional[int] = ..., value_date: _Optional[int] = ..., due_at_ns: _Optional[int] = ..., at_due: _Optional[_Union[_ledger_pb2.AtDue, str]] = ..., tenant: _Optional[int] = ..., created_at_ns: _Optional[int] = ..., created_sequence: _Optional[int] = ..., last_sequence: _Optional[int] = ...) -> None: ...

class CreatePaymentRequest(_message.Message):
    __slots__ = ("id", "source", "destination", "amount", "capture_method", "due_at_ns", "at_due", "fee", "reference", "metadata", "score", "code", "value_date")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CAPTURE_METHOD_FIELD_NUMBER: _ClassVar[int]
    DUE_AT_NS_FIELD_NUMBER: _ClassVar[int]
    AT_DUE_FIELD_NUMBER: _ClassVar[int]
    FEE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_DATE_FIELD_NUMBER: _ClassVar[int]
    id: _ledger_pb2.Uint128
    source: _ledger_pb2.AccountKey
    destination: _ledger_pb2.AccountKey
    amount: Money
    capture_method: CaptureMethod
    due_at_ns: int
    at_due: _ledger_pb2.AtDue
    fee: Money
    reference: str
    metadata: _containers.ScalarMap[str, str]
    score: int
    code: int
    value_date: int
    def __init__(self, id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., source: _Optional[_Union[_ledger_pb2.AccountKey, _Mapping]] = ..., destination: _Optional[_Union[_ledger_pb2.AccountKey, _Mapping]] = ..., amount: _Optional[_Union[Money, _Mapping]] = ..., capture_method: _Optional[_Union[CaptureMethod, str]] = ..., due_at_ns: _Optional[int] = ..., at_due: _Optional[_Union[_ledger_pb2.AtDue, str]] = ..., fee: _Optional[_Union[Money, _Mapping]] = ..., reference: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., score: _Optional[int] = ..., code: _Optional[int] = ..., value_date: _Optional[int] = ...) -> None: ...

class CapturePaymentRequest(_message.Message):
    __slots__ = ("id", "payment_id", "amount", "final")
    ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    id: _ledger_pb2.Uint128
    payment_id: _ledger_pb2.Uint128
    amount: Money
    final: bool
    def __init__(self, id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., payment_id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., amount: _Optional[_Union[Money, _Mapping]] = ..., final: bool = ...) -> None: ...

class CancelPaymentRequest(_message.Message):
    __slots__ = ("id", "payment_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    id: _ledger_pb2.Uint128
    payment_id: _ledger_pb2.Uint128
    def __init__(self, id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., payment_id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ...) -> None: ...

class RefundPaymentRequest(_message.Message):
    __slots__ = ("id", "payment_id", "amount", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    PAYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    id: _ledger_pb2.Uint128
    payment_id: _ledger_pb2.Uint128
    amount: Money
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., payment_id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ..., amount: _Optional[_Union[Money, _Mapping]] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class PaymentResponse(_message.Message):
    __slots__ = ("payment", "refusal", "replayed", "sequence", "timestamp_ns", "amount")
    PAYMENT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    payment: Payment
    refusal: _ledger_pb2.Refusal
    replayed: bool
    sequence: int
    timestamp_ns: int
    amount: Money
    def __init__(self, payment: _Optional[_Union[Payment, _Mapping]] = ..., refusal: _Optional[_Union[_ledger_pb2.Refusal, _Mapping]] = ..., replayed: bool = ..., sequence: _Optional[int] = ..., timestamp_ns: _Optional[int] = ..., amount: _Optional[_Union[Money, _Mapping]] = ...) -> None: ...

class GetPaymentRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: _ledger_pb2.Uint128
    def __init__(self, id: _Optional[_Union[_ledger_pb2.Uint128, _Mapping]] = ...) -> None: ...

class ListPaymentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "states")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[PaymentState]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[PaymentState, str]]] = ...) -> None: ...

class ListPaymentsResponse(_message.Message):
    __slots__ = ("payments", "next_page_token")
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    payments: _containers.RepeatedCompositeFieldContainer[Payment]
    next_page_token: str
    def __init__(self, payments: _Optional[_Iterable[_Union[Payment, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
