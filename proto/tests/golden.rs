//! The golden messages: what Rust reads in their bytes is what their JSON says, and it writes the same bytes again.

use std::fs;
use std::path::Path;

use florin_proto::v1;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

/// Decodes as the generated type and encodes again.
fn again<M: Message + Default>(bytes: &[u8]) -> Vec<u8> {
    M::decode(bytes).expect("it decodes").encode_to_vec()
}

fn by_type(name: &str, bytes: &[u8]) -> Vec<u8> {
    match name {
        "Account" => again::<v1::Account>(bytes),
        "BulkTransfersRequest" => again::<v1::BulkTransfersRequest>(bytes),
        "BulkTransfersResponse" => again::<v1::BulkTransfersResponse>(bytes),
        "CreatePaymentRequest" => again::<v1::CreatePaymentRequest>(bytes),
        "CreateTransfersRequest" => again::<v1::CreateTransfersRequest>(bytes),
        "CreateTransfersResponse" => again::<v1::CreateTransfersResponse>(bytes),
        "EventBatch" => again::<v1::EventBatch>(bytes),
        "GetBalanceAtRequest" => again::<v1::GetBalanceAtRequest>(bytes),
        "GetBalanceAtResponse" => again::<v1::GetBalanceAtResponse>(bytes),
        "GetStatusResponse" => again::<v1::GetStatusResponse>(bytes),
        "ListAccountTransfersResponse" => again::<v1::ListAccountTransfersResponse>(bytes),
        "NewTransfer" => again::<v1::NewTransfer>(bytes),
        "PaymentResponse" => again::<v1::PaymentResponse>(bytes),
        "SubscribeRequest" => again::<v1::SubscribeRequest>(bytes),
        "TransferResult" => again::<v1::TransferResult>(bytes),
        other => panic!("a golden message of a type that this test does not know: {other}"),
    }
}

#[test]
fn bytes_and_json_say_the_same() {
    let pool = DescriptorPool::decode(v1::FILE_DESCRIPTOR_SET).expect("the contract");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("proto/golden") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let (full_name, _case) = stem.rsplit_once('.').expect("type and case");
        let bytes = fs::read(&path).expect("bytes");
        let json = fs::read_to_string(path.with_extension("json")).expect("JSON");
        let message = full_name.rsplit('.').next().expect("a type");
        assert_eq!(by_type(message, &bytes), bytes, "{stem}: written again");

        let descriptor = pool.get_message_by_name(full_name).expect("a type of the contract");
        let read = DynamicMessage::decode(descriptor.clone(), bytes.as_slice()).expect("decodes");
        let mut text = serde_json::Deserializer::from_str(&json);
        let said = DynamicMessage::deserialize(descriptor, &mut text).expect("JSON of this type");
        assert_eq!(read, said, "{stem}");
        seen += 1;
    }
    assert!(seen >= 20, "{seen} golden messages");
}
