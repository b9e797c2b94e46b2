"""From an address to a connection."""

from __future__ import annotations

import re
import threading

import grpc

from florin._exceptions import Invalid
from florin._options import Retry
from florin.v1 import admin_pb2_grpc, event_pb2_grpc, ledger_pb2_grpc, payment_pb2_grpc

_ADDRESS = re.compile(r"(?:http://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})/?")
# Enough for the largest answer that the contract allows: 8,190 objects with all their metadata.
_ANSWER_BYTES = 64 << 20

VERSION = "0.1.0"


class Connection:
    """One HTTP/2 connection, made when it is needed and again when it broke. Thread safe."""

    def __init__(self, address: str, retry: Retry) -> None:
        """Checks the address; connects at the first call."""
        self.address = address
        self.retry = retry
        self.closed = threading.Event()
        self.channel = grpc.insecure_channel(
            target(address),
            options=[
                ("grpc.primary_user_agent", f"florin-client-python/{VERSION}"),
                ("grpc.max_receive_message_length", _ANSWER_BYTES),
                ("grpc.max_send_message_length", -1),
                # A connection that is silent for this long is asked whether it is alive.
                ("grpc.keepalive_time_ms", 10_000),
                ("grpc.keepalive_timeout_ms", 5_000),
                ("grpc.http2.max_pings_without_data", 0),
                # Attempts are made here, where they are counted and known to be safe.
                ("grpc.enable_retries", 0),
                ("grpc.initial_reconnect_backoff_ms", 50),
                ("grpc.min_reconnect_backoff_ms", 3_000),
                ("grpc.max_reconnect_backoff_ms", 1_000),
                # Two clients are two connections.
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )
        self.ledger = ledger_pb2_grpc.LedgerServiceStub(self.channel)
        self.payments = payment_pb2_grpc.PaymentServiceStub(self.channel)
        self.events = event_pb2_grpc.EventServiceStub(self.channel)
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)

    def close(self) -> None:
        """Ends all calls."""
        self.closed.set()
        self.channel.close()


def target(address: str) -> str:
    """The address as gRPC takes it: ``host:port``, with or without http://."""
    parts = _ADDRESS.fullmatch(address)
    if parts is None or not 0 < int(parts["port"]) < 65_536:
        raise Invalid("ENDPOINT_INVALID", f"{address!r} is not an address like 127.0.0.1:7411")
    return f"dns:///{parts['host']}:{parts['port']}"
