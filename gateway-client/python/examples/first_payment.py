"""Opens two accounts and pays from one to the other, against a server that runs.

::

    florin serve &
    python examples/first_payment.py        # or FLORIN_SERVER=host:port
"""

from __future__ import annotations

import os

from florin import FLOOR_NONE, Client, Refused, TransferId, format_key, to_minor


def main() -> None:
    """The whole program."""
    with Client(os.environ.get("FLORIN_SERVER", "127.0.0.1:7411")) as client:
        # Money comes from somewhere: `cash` may go below zero, a wallet may not. Opening an account that is open
        # already is safe.
        client.create_account("cash", "EUR", floor=FLOOR_NONE)
        client.create_account("customer:2375/wallet", "EUR")

        # In a real program: store the id with the order before the call.
        id = TransferId.generate()
        posted = client.transfer(
            id,
            debit="cash",
            credit="customer:2375/wallet",
            amount_minor=to_minor("12.50", 2),
            metadata={"reason": "first payment"},
        )
        print(f"posted {posted.id} as sequence {posted.sequence}")

        # A refusal says what would have passed.
        try:
            client.transfer(
                TransferId.generate(), debit="customer:2375/wallet", credit="cash", amount_minor=to_minor("1000000", 2)
            )
        except Refused as refused:
            print(f"{refused}; would have passed: {refused.refusal.would_pass_minor}")

        for account in client.get_accounts(["cash", "customer:2375/wallet"]).found:
            balance = account.asset.format_minor(account.balance_minor)
            print(f"{format_key(account.key)} {balance} {account.asset.code}")


if __name__ == "__main__":
    main()
