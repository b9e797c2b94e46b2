//! Backups on simulated disks: what is restored is what was there, at any moment; nothing damaged is believed, and
//! whatever happens on the way, there is a whole backup or none, a whole ledger or none.

#[path = "../common/mod.rs"]
mod common;
mod crashes;
mod damage;
mod forks;
mod golden;
mod ledger;
mod moments;
mod standbys;
