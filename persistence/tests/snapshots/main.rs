//! Snapshots: taken while the ledger goes on, kept in both stores, damaged in every way, and loaded again.

mod crashes;
mod damage;
mod golden;
mod place;
mod stores;
mod world;
