//! What a standby tells about itself. `docs/METRICS.md` lists every name.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text};
use prometheus_client::registry::Registry;

use super::engine::Writer;
use super::http::Page;
use super::process;
use crate::follow::{Figures, HowFar};

/// A standby, as it is scraped.
pub(super) struct Standing {
    figures: Arc<Figures>,
}

impl Standing {
    pub fn new(figures: Arc<Figures>) -> Self {
        process::began();
        Self { figures }
    }
}

impl Page for Standing {
    async fn metrics(&self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Scraped(self.figures.how_far())));
        let mut text = String::with_capacity(4 << 10);
        // Writing to a string does not fail.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }

    fn not_accepting(&self) -> Option<&'static str> {
        Some("STANDBY")
    }
}

#[derive(Debug)]
struct Scraped(HowFar);

impl Collector for Scraped {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let it = &self.0;
        let writer = &mut Writer::new(encoder);
        let help = "1 while a stream from the leader is open";
        writer.gauge("florin_follow_connected", help, u64::from(it.connected))?;
        let help = "The last event that is durable here";
        writer.gauge("florin_follow_sequence", help, it.followed_through)?;
        let help = "The last event that the leader is known to have made durable";
        writer.gauge("florin_follow_leader_sequence", help, it.leader_durable_through)?;
        let help = "For how long something may have been missing here that the leader had";
        writer.gauge_s("florin_follow_lag_seconds", help, it.lag)?;
        let help = "From durable on the leader to durable here, 99 of 100 since the start";
        writer.gauge_s("florin_follow_delay_p99_seconds", help, it.delay_p99)?;
        let help = "Bytes of journal taken since the start";
        writer.counter("florin_follow_bytes", help, it.bytes)?;
        let help = "Connections to the leader that were begun";
        writer.counter("florin_follow_connections", help, it.connections)?;
        writer.gauge("florin_follow_leader_epoch", "Epoch of the leader", it.leader_epoch)?;
        process::write(writer)
    }
}
