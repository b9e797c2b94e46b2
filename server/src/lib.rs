//! The `florin` binary: gRPC edge, configuration, command line.
//!
//! A request comes in through [`rpc`], becomes engine types in [`translate`] (the only place that knows both), goes
//! to the [engine](florin_actors::Engine), and the answer takes the same way back.

mod backup;
pub mod cli;
pub mod config;
pub mod follow;
pub mod rpc;
pub mod serve;
pub mod telemetry;
pub mod translate;
pub mod verify;
