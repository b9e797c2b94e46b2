//! Messages of the contract as JSON, by the names of their types.

use std::sync::LazyLock;

use florin_proto::v1;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::Value;

static CONTRACT: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(v1::FILE_DESCRIPTOR_SET).expect("the contract"));

fn descriptor(name: &str) -> MessageDescriptor {
    let name = format!("florin.v1.{name}");
    CONTRACT.get_message_by_name(&name).unwrap_or_else(|| panic!("no message {name}"))
}

/// A message of this type, as JSON.
pub fn to_json<M: Message>(name: &str, message: &M) -> Value {
    let bytes = message.encode_to_vec();
    let dynamic = DynamicMessage::decode(descriptor(name), bytes.as_slice()).expect("decodes");
    serde_json::to_value(&dynamic).expect("JSON")
}

/// The message of this type that JSON says.
pub fn from_json<M: Message + Default>(name: &str, json: &Value) -> M {
    let dynamic = DynamicMessage::deserialize(descriptor(name), json);
    let dynamic = dynamic.unwrap_or_else(|error| panic!("not a {name}: {error}: {json}"));
    M::decode(dynamic.encode_to_vec().as_slice()).expect("decodes")
}
