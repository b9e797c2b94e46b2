//! The calls that there are, read from the contract: whatever else is called is `other`, so that nobody can fill the
//! metrics or the log with names of their own.

use std::collections::HashMap;

use florin_proto::v1;
use prost::Message as _;
use prost_types::FileDescriptorSet;

/// A call that the server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Method {
    /// The service: `florin.v1.LedgerService`.
    pub service: String,
    /// The method: `CreateTransfers`.
    pub name: String,
    /// It sends or takes a stream: how long it takes says nothing about how fast it is.
    pub is_stream: bool,
}

/// All of them, by path.
#[derive(Debug)]
pub(super) struct Methods {
    all: Vec<Method>,
    by_path: HashMap<String, usize>,
}

impl Methods {
    /// The path: `/florin.v1.LedgerService/CreateTransfers`.
    fn path(method: &Method) -> String {
        format!("/{}/{}", method.service, method.name)
    }

    /// Where a call stands in [`Self::all`].
    pub fn find(&self, path: &str) -> usize {
        self.by_path.get(path).copied().unwrap_or(self.all.len() - 1)
    }

    /// All of them; the last is `other`.
    pub fn all(&self) -> &[Method] {
        &self.all
    }
}

impl Default for Methods {
    fn default() -> Self {
        let served = [
            v1::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        ];
        let mut all: Vec<Method> = served.into_iter().flat_map(methods_in).collect();
        let by_path = all.iter().enumerate().map(|(at, method)| (Self::path(method), at)).collect();
        let other = "other".to_owned();
        all.push(Method { service: other.clone(), name: other, is_stream: false });
        Self { all, by_path }
    }
}

fn methods_in(set: &[u8]) -> Vec<Method> {
    // Written by the compiler of the contract; a test reads all of them.
    let set = FileDescriptorSet::decode(set).unwrap_or_default();
    let mut found = Vec::new();
    for file in &set.file {
        for service in &file.service {
            found.extend(service.method.iter().map(|method| Method {
                service: format!("{}.{}", file.package(), service.name()),
                name: method.name().to_owned(),
                is_stream: method.client_streaming() || method.server_streaming(),
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_its_name_and_the_rest_is_other() {
        let methods = Methods::default();
        for (path, service, name, is_stream) in [
            (
                "/florin.v1.LedgerService/CreateTransfers",
                "florin.v1.LedgerService",
                "CreateTransfers",
                false,
            ),
            ("/florin.v1.AdminService/GetStatus", "florin.v1.AdminService", "GetStatus", false),
            ("/grpc.health.v1.Health/Watch", "grpc.health.v1.Health", "Watch", true),
            (
                "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                "grpc.reflection.v1.ServerReflection",
                "ServerReflectionInfo",
                true,
            ),
            ("/florin.v1.LedgerService/alice", "other", "other", false),
            ("", "other", "other", false),
        ] {
            let found = &methods.all()[methods.find(path)];
            let expected = Method { service: service.into(), name: name.into(), is_stream };
            assert_eq!(*found, expected, "{path}");
        }
    }
}
