//! Compiles the contract with a protobuf compiler written in Rust: nothing to install.

use std::path::PathBuf;

use prost::Message;

const FILES: [&str; 5] = [
    "florin/v1/ledger.proto",
    "florin/v1/payment.proto",
    "florin/v1/event.proto",
    "florin/v1/admin.proto",
    "florin/v1/replication.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for file in FILES {
        println!("cargo:rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("florin.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .btree_map(".") // metadata has one order, so that its bytes and its hash do too
        .compile_fds(descriptors)?;
    Ok(())
}
