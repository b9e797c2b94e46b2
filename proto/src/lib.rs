//! The contract of Florin: the generated types of `florin.v1`, and the few conversions that every
//! caller of it needs (128-bit halves, decimal money, account names).

pub mod money;
pub mod name;
mod wide;

/// Package `florin.v1`, generated from `proto/florin/v1/*.proto`.
pub mod v1 {
    #![allow(clippy::pedantic, reason = "generated code: its style is the generator's")]
    #![allow(clippy::large_enum_variant, reason = "as above")]
    #![allow(missing_docs, reason = "the generator adds a few items of its own")]
    tonic::include_proto!("florin.v1");

    /// The compiled contract, for server reflection.
    pub const FILE_DESCRIPTOR_SET: &[u8] =
        include_bytes!(concat!(env!("OUT_DIR"), "/florin.v1.bin"));
}

/// Most members in one batch.
pub const BATCH_MEMBERS_MAX: usize = 8_190;
/// Largest message that a server takes by default, bytes.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// Most metadata on one object: keys and values, and 2 more bytes for each.
pub const METADATA_BYTES_MAX: usize = 4_096;
/// Largest amount on the wire, minor units: 2^127 - 1.
pub const AMOUNT_MAX_MINOR: u128 = i128::MAX as u128;
/// The `domain` of every `google.rpc.ErrorInfo` that Florin sends.
pub const ERROR_DOMAIN: &str = "florin.dev";
