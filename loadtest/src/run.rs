//! `run`: what `make run` does. Pays every basket on a server that is there to stay, reports, serves.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use crate::cli::ServerArgs;
use crate::ledger::Ledger;
use crate::replay::baskets::{self, Basket};
use crate::replay::journey::{self, JourneyReport};
use crate::target::{ANY_PORT, Launcher, Target};
use crate::{exit, signals};

/// Arguments of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// The purchases, as loadtest/scripts/baskets.py writes them
    #[arg(long, value_name = "FILE", required_unless_present = "synthetic")]
    baskets: Option<PathBuf>,
    /// Made-up purchases of the same shape; exit code 3 instead of 0
    #[arg(long, conflicts_with = "baskets")]
    synthetic: bool,
    /// Seed of the made-up purchases
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Data directory of the server; a second run finds everything paid
    #[arg(long, value_name = "DIR", default_value = "florin-data")]
    data: PathBuf,
    /// Address to serve on; if it is taken, a free port of this machine is used
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7411")]
    listen: String,
    /// The florin binary [default: the one beside this program]
    #[arg(long, env = "FLORIN_BIN", value_name = "PATH")]
    florin: Option<PathBuf>,
    /// End after the report instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Print one JSON object, on the last line of standard output; all else goes to standard error
    #[arg(long)]
    json: bool,
}

/// Pays, reports, serves.
pub async fn run(args: &RunArgs) -> Result<u8> {
    let Some(done) = signals::unless_interrupted(pay_and_report(args)).await else {
        return Ok(exit::INTERRUPTED);
    };
    let (target, report) = done?;
    let json = args.json.then(|| serde_json::to_string(&report)).transpose()?;
    let show_json = || json.iter().for_each(|json| println!("{json}"));
    if args.once {
        target.close().await?;
        show_json();
    } else {
        show_json();
        serve(target).await?;
    }
    Ok(exit_code(&report))
}

fn exit_code(report: &JourneyReport) -> u8 {
    match (report.matches(), report.synthetic) {
        (false, _) => exit::MISMATCH,
        (true, true) => exit::SYNTHETIC,
        (true, false) => exit::OK,
    }
}

async fn pay_and_report(args: &RunArgs) -> Result<(Target, JourneyReport)> {
    let baskets: Vec<Basket> = match &args.baskets {
        Some(file) => baskets::read(file)?,
        None => baskets::REAL_SHAPE.generate(args.seed),
    };
    let server =
        ServerArgs { data: Some(args.data.clone()), server: None, florin: args.florin.clone() };
    let launcher = Launcher::new(&server)?;
    let mut target = Target::launch(launcher, &free_address(&args.listen)).await?;
    let replayed = async {
        let ledger = Ledger::connect(target.url()).await?;
        journey::replay(&ledger, &baskets, args.baskets.is_none()).await
    };
    let replayed = replayed.await;
    let mut report = target.explain(replayed).await?;
    report.data = target.kept_data();
    target.url().clone_into(&mut report.server);
    let text = for_people(&report, &baskets);
    if args.json {
        eprintln!("{text}");
    } else {
        println!("{text}");
    }
    Ok((target, report))
}

/// The address if nobody else is there, else any free port.
fn free_address(asked_for: &str) -> String {
    match TcpListener::bind(asked_for) {
        Ok(_) => asked_for.to_owned(),
        Err(error) => {
            eprintln!("cannot listen on {asked_for} ({error}): taking a free port instead");
            ANY_PORT.to_owned()
        }
    }
}

fn for_people(report: &JourneyReport, baskets: &[Basket]) -> String {
    let (what, prefix) = if report.synthetic {
        ("made-up purchases in place of the real ones", "synthetic")
    } else {
        ("real grocery purchases of one year", "journey")
    };
    let verdict = if report.matches() {
        "Every balance equals the data."
    } else {
        "MISMATCH: the balances do not equal the data."
    };
    let data = report.data.as_deref().unwrap_or_default();
    let server = &report.server;
    let store = baskets.first().map_or(1, |basket| basket.store);
    format!(
        "\nFlorin paid {what}:\n\n\
         {}\n  {verdict}\n\n  \
         data      {data} (run again: everything is known, nothing is paid twice)\n  \
         server    {server}\n  \
         metrics   florin status --server {server}\n  \
         a store   florin account show {prefix}:store:{store} --server {server}\n  \
         proof     florin verify --data {data} (when it has stopped)\n",
        report.render()
    )
}

/// Serves until Ctrl-C, or until the server ends by itself, which it should not.
async fn serve(mut target: Target) -> Result<()> {
    // Standard output may end with the report's JSON.
    eprintln!("serving on {} until Ctrl-C", target.url());
    if let Some(process) = target.process() {
        process.log().pass_on();
        tokio::select! {
            () = signals::interrupted() => {}
            ended = process.ends() => bail!("the server ended by itself ({})", ended?),
        }
    }
    eprintln!("draining");
    target.close().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes() {
        let report = |conserved, synthetic| JourneyReport {
            conserved,
            synthetic,
            ..JourneyReport::default()
        };
        for (conserved, synthetic, code) in [
            (true, false, exit::OK),
            (false, false, exit::MISMATCH),
            (true, true, exit::SYNTHETIC),
            (false, true, exit::MISMATCH),
        ] {
            assert_eq!(exit_code(&report(conserved, synthetic)), code);
        }
    }

    #[test]
    fn a_taken_address_is_given_up_for_a_free_port() {
        let taken = TcpListener::bind(ANY_PORT).expect("a free port");
        let address = taken.local_addr().expect("an address").to_string();
        assert_eq!(free_address(&address), ANY_PORT);
        drop(taken);
        assert_eq!(free_address(&address), address);
    }
}
