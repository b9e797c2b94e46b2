//! Reserves money for a room, extends the stay, captures what was used and gives back the rest, against a server that
//! runs:
//!
//! ```sh
//! florin serve &
//! cargo run -p florin-client --example hold_capture
//! ```

use std::time::{Duration, SystemTime};

use florin_client::{AtDue, Client, Floor, NewAccount, Transfer, TransferId, money};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server =
        std::env::var("FLORIN_SERVER").unwrap_or_else(|_| "http://127.0.0.1:7411".to_owned());
    let client = Client::connect(server).await?;
    let accounts = [
        NewAccount::new("cash", "EUR").floor(Floor::None),
        NewAccount::new("guest:7", "EUR"),
        NewAccount::new("hotel", "EUR"),
    ];
    for opened in client.create_accounts(accounts).await? {
        opened?;
    }
    let eur = |text| money::parse_minor(text, 2);
    let pay_in = Transfer::new(TransferId::generate()).debit("cash").credit("guest:7");
    client.transfer(pay_in.amount_minor(eur("500.00")?)).await??;

    // If nobody captures it within a day, the guest has the money again.
    let tomorrow = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
    let tomorrow_ns = tomorrow.duration_since(SystemTime::UNIX_EPOCH)?.as_nanos();
    let hold = TransferId::generate();
    let room = Transfer::hold(hold)
        .debit("guest:7")
        .credit("hotel")
        .amount_minor(eur("300.00")?)
        .due_at_ns(u64::try_from(tomorrow_ns)?)
        .at_due(AtDue::Release);
    let steps = [
        ("room", room),
        ("one more night", Transfer::change(TransferId::generate(), hold).amount_minor(eur("90")?)),
        (
            "bill, and the rest back",
            Transfer::capture(TransferId::generate(), hold)
                .amount_minor(eur("351.20")?)
                .release_rest(),
        ),
    ];
    for (what, step) in steps {
        match client.transfer(step).await? {
            Ok(posted) => {
                let [amount, left] =
                    [posted.amount_minor, posted.hold_remaining_minor.unwrap_or_default()]
                        .map(|minor| money::format_minor_unsigned(minor, 2));
                println!("{what}: {amount}, now held: {left}");
            }
            Err(refused) => println!("{what}: refused: {}", refused.refusal),
        }
    }

    for hold in client.get_holds([hold]).await?.found {
        println!("the hold is {:?}", hold.state);
    }
    for account in client.get_accounts(["guest:7", "hotel"]).await?.found {
        let balance = account.asset.format_minor(account.balance_minor);
        println!("{} {balance} {}", account.key(), account.asset.code);
    }
    Ok(())
}
