//! Every reason has an entry in `docs/errors`.

use std::fs;

use florin_proto::v1;
use prost::Message as _;

#[test]
fn every_reason_has_an_entry() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors");
    let mut entries = Vec::new();
    for file in fs::read_dir(folder).expect("docs/errors") {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        entries.extend(text.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned));
    }
    let of_data = [
        "DATA_LOCKED",
        "DATA_READ_ONLY",
        "DATA_NEWER_FORMAT",
        "DATA_FOREIGN",
        "DATA_FORK",
        "DATA_NOT_FORK",
        "DATA_NOT_EMPTY",
        "BACKUP_URL_INVALID",
        "BACKUP_RUNNING",
        "BACKUP_EMPTY",
        "BACKUP_PLACE_FAILED",
        "BACKUP_STOPPED",
        "BACKUP_NOT_FOUND",
        "BACKUP_DAMAGED",
        "BACKUP_NEWER_FORMAT",
        "BACKUP_MOMENT_OUTSIDE",
        "JOURNAL_DAMAGED",
        "DATA_STANDBY",
        "DATA_NOT_STANDBY",
        "DATA_FENCED",
        "DATA_ROLE_DAMAGED",
        "FOLLOW_DIVERGED",
        "FOLLOW_GAP",
        "FOLLOW_PIECE_DAMAGED",
        "FOLLOW_AHEAD",
        "FOLLOW_ARCHIVED",
        "FOLLOW_FENCED",
        "FENCE_INVALID",
        "FENCE_STALE",
        "FENCE_TAKEN",
        "REPLICATION_OFF",
        "FENCE_NOT_DRAINED",
        "PROMOTE_OLD_UNKNOWN",
        "STANDBY_FAILED",
        "UNIMPLEMENTED",
        "NOT_LEADER",
        "NOT_STANDBY",
        "PROMOTE_BEHIND",
        "STANDBY_EMPTY",
        "DISK_FULL",
        "CONFIG_KEY_UNKNOWN",
        "CONFIG_VALUE_INVALID",
        "CONFIG_VALUE_OUT_OF_RANGE",
        "CONFIG_SYNTAX",
        "CONFIG_UNREADABLE",
    ];
    for reason in reasons_of_the_contract().iter().map(String::as_str).chain(of_data) {
        assert!(entries.iter().any(|entry| entry == reason), "docs/errors lacks `## {reason}`");
    }
}

/// Read from the compiled contract, so that a new reason cannot be forgotten here.
fn reasons_of_the_contract() -> Vec<String> {
    let set = prost_types::FileDescriptorSet::decode(v1::FILE_DESCRIPTOR_SET).unwrap();
    let messages = set.file.iter().flat_map(|file| &file.message_type);
    let refusal = messages.clone().find(|message| message.name() == "Refusal").unwrap();
    let values = refusal.enum_type[0].value.iter().filter(|value| value.number() != 0);
    values.map(|value| value.name().to_owned()).collect()
}
