//! Subscribers that follow the feed through all crashes, and what they must have been told.

mod check;
mod filter;
mod follower;
mod story;

pub use check::{Findings, check};
pub use follower::Followers;
