"""Assets and accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from florin._account import (
    FLOOR_ZERO,
    Account,
    Floor,
    Freeze,
    NewAccount,
    Opened,
    ceiling_to_wire,
    opening_of_wire,
)
from florin._asset import Asset, AssetRegistered
from florin._balance import BalanceAt
from florin._calls.base import Caller, accepted, pages
from florin._exceptions import Malformed, Refused
from florin._ids import AccountKey
from florin._money import check_int
from florin._record import Lookup
from florin._refusal import Refusal
from florin._retry import Kind
from florin._wire import key_from_wire, key_to_wire
from florin.v1 import ledger_pb2 as pb

# Accounts a page when all are listed: the most a server gives.
_PAGE_SIZE = 1_000


class _Same:
    """Marks what an update leaves as it is, where None means something."""

    def __repr__(self) -> str:
        return "SAME"


SAME = _Same()


class AccountCalls(Caller):
    """Assets and accounts."""

    def create_assets(self, assets: Iterable[Asset]) -> list[AssetRegistered | Refused]:
        """Registers assets that are not in ISO 4217. Safe to repeat. One answer an asset, in order."""
        request = pb.CreateAssetsRequest(assets=[asset.to_wire() for asset in assets])
        response = self._call(Kind.IDEMPOTENT, self._connection.ledger.CreateAssets, request)
        if len(response.results) != len(request.assets):
            raise Malformed("not one result for each asset")
        return [
            Refused(Refusal.of_wire(result.refusal))
            if result.HasField("refusal")
            else AssetRegistered(result.code, result.replayed)
            for result in response.results
        ]

    def list_assets(self) -> list[Asset]:
        """Every asset in use, in the order in which they were first used or registered."""
        response = self._call(Kind.READ, self._connection.ledger.ListAssets, pb.ListAssetsRequest())
        return [Asset.of_wire(asset) for asset in response.assets]

    def create_account(
        self,
        key: AccountKey,
        asset: str,
        *,
        floor: Floor = FLOOR_ZERO,
        ceiling_minor: int | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Opened:
        """Opens one account. Safe to repeat. Raises `Refused`."""
        account = NewAccount(key, asset, floor, ceiling_minor, metadata or {})
        return accepted(self.create_accounts([account])[0])

    def create_accounts(self, accounts: Iterable[NewAccount]) -> list[Opened | Refused]:
        """Opens 1 to 8,190 accounts, each on its own. Safe to repeat. One answer an account, in order."""
        request = pb.CreateAccountsRequest(accounts=[account.to_wire() for account in accounts])
        response = self._call(Kind.IDEMPOTENT, self._connection.ledger.CreateAccounts, request)
        if len(response.results) != len(request.accounts):
            raise Malformed("not one result for each account")
        return [opening_of_wire(result) for result in response.results]

    def update_account(
        self,
        account: AccountKey,
        *,
        freeze: Freeze | None = None,
        close: bool = False,
        floor: Floor | None = None,
        ceiling_minor: int | _Same | None = SAME,
    ) -> Account:
        """Freezes, unfreezes, closes, or sets floor or ceiling (None takes it away). All of it or nothing.

        A refusal is a `Fault` here. Since an update has no id, an attempt whose answer is lost is not made again but
        ends in `OutcomeUnknown`: look at the account, then decide.
        """
        request = pb.UpdateAccountRequest(
            account=key_to_wire(account),
            freeze=None if freeze is None else f"FREEZE_{freeze.name}",
            close=close,
            floor=None if floor is None else floor.to_wire(),
            ceiling=None if isinstance(ceiling_minor, _Same) else ceiling_to_wire(ceiling_minor),
        )
        response = self._call(Kind.ONCE, self._connection.ledger.UpdateAccount, request)
        return Account.of_wire(response.account)

    def get_accounts(self, accounts: Iterable[AccountKey]) -> Lookup[Account, AccountKey]:
        """Looks 1 to 8,190 accounts up by id or name."""
        request = pb.GetAccountsRequest(accounts=[key_to_wire(key) for key in accounts])
        response = self._call(Kind.READ, self._connection.ledger.GetAccounts, request)
        return Lookup(
            [Account.of_wire(account) for account in response.accounts],
            [key_from_wire(key) for key in response.missing],
        )

    def get_account(self, account: AccountKey) -> Account | None:
        """Looks one account up; None if there is none."""
        found = self.get_accounts([account]).found
        return found[0] if found else None

    def balance_at(
        self, account: AccountKey, *, sequence: int | None = None, time_ns: int | None = None
    ) -> BalanceAt:
        """An account's balance as it was, right after an event or a time. Give exactly one of the two.

        `sequence` is of any event of the ledger; `time_ns` is nanoseconds since 1970 (see `to_ns`). A moment that has
        not been yet is a `Fault`, MOMENT_AHEAD; for one before the account was opened the balance is zero, and not
        `opened`.
        """
        if (sequence is None) == (time_ns is None):
            raise TypeError("a balance is asked for at either a sequence or a time_ns")
        request = pb.GetBalanceAtRequest(
            account=key_to_wire(account),
            sequence=None if sequence is None else check_int(sequence, "sequence"),
            time_ns=None if time_ns is None else check_int(time_ns, "time_ns"),
        )
        return BalanceAt.of_wire(self._call(Kind.READ, self._connection.ledger.GetBalanceAt, request))

    def list_accounts(self, name_prefix: str = "") -> Iterator[Account]:
        """Every account in the order of opening, or those with a name prefix in the order of names."""

        def fetch(token: str) -> tuple[Iterable[Account], str]:
            request = pb.ListAccountsRequest(page_size=_PAGE_SIZE, page_token=token, name_prefix=name_prefix)
            response = self._call(Kind.READ, self._connection.ledger.ListAccounts, request)
            return [Account.of_wire(account) for account in response.accounts], response.next_page_token

        return pages(fetch)
