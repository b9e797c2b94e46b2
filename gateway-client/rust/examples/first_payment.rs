//! Opens two accounts and pays from one to the other, against a server that runs:
//!
//! ```sh
//! florin serve &
//! cargo run -p florin-client --example first_payment
//! ```

use florin_client::{Client, Floor, NewAccount, Transfer, TransferId, money};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server =
        std::env::var("FLORIN_SERVER").unwrap_or_else(|_| "http://127.0.0.1:7411".to_owned());
    let client = Client::connect(server).await?;

    // Money comes from somewhere: `cash` may go below zero, a wallet may not. Opening an account that
    // is open already is safe.
    let accounts = [
        NewAccount::new("cash", "EUR").floor(Floor::None),
        NewAccount::new("customer:2375/wallet", "EUR"),
    ];
    for opened in client.create_accounts(accounts).await? {
        opened?;
    }

    // In a real program: store the id with the order before the call.
    let id = TransferId::generate();
    let payment = Transfer::new(id)
        .debit("cash")
        .credit("customer:2375/wallet")
        .amount_minor(money::parse_minor("12.50", 2)?)
        .metadata("reason", "first payment");
    match client.transfer(payment).await? {
        Ok(posted) => println!("posted {} as sequence {}", posted.id, posted.sequence),
        Err(refused) => println!("refused: {}", refused.refusal),
    }

    for account in client.get_accounts(["cash", "customer:2375/wallet"]).await?.found {
        let balance = account.asset.format_minor(account.balance_minor);
        println!("{} {balance} {}", account.key(), account.asset.code);
    }
    Ok(())
}
