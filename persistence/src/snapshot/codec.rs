//! Items as bytes. bincode does it, and only this file knows: nobody keeps that library any more, and what takes its
//! place must read what it wrote.

use bincode::config::{Configuration, LittleEndian, NoLimit, Varint};
use serde::{Deserialize, Serialize};

/// Writes and reads items. What it writes of an item does not depend on what stands around it.
pub(crate) trait Codec {
    /// Appends an item.
    fn encode(item: &impl Serialize, out: &mut Vec<u8>) -> Result<(), CodecFault>;
    /// Reads the first item, and cuts it off. What it borrows, it borrows from `bytes`; nothing is allocated for it.
    fn decode<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> Result<T, CodecFault>;
}

/// What an item cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecFault {
    /// It could not be written.
    #[error("an item cannot be written")]
    Encode,
    /// The bytes are no item.
    #[error("its bytes are no item")]
    Decode,
}

/// bincode 2 with integers of variable length.
pub(crate) struct Bincode;

const CONFIG: Configuration<LittleEndian, Varint, NoLimit> =
    bincode::config::standard().with_little_endian().with_variable_int_encoding().with_no_limit();

impl Codec for Bincode {
    fn encode(item: &impl Serialize, out: &mut Vec<u8>) -> Result<(), CodecFault> {
        let written = bincode::serde::encode_into_std_write(item, out, CONFIG);
        written.map(|_| ()).map_err(|_| CodecFault::Encode)
    }

    fn decode<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> Result<T, CodecFault> {
        let read = bincode::serde::borrow_decode_from_slice(bytes, CONFIG);
        let (item, len) = read.map_err(|_| CodecFault::Decode)?;
        *bytes = bytes.get(len..).ok_or(CodecFault::Decode)?;
        Ok(item)
    }
}
