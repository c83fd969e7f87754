//! What is written to a store, and how each write is applied within a transaction.

use crate::capability::key_value::store::StoreError;
use redb::{ReadableTable as _, Table};

/// A write.
#[derive(Debug)]
pub(super) enum Operation {
    Set(Vec<(String, Vec<u8>)>),
    Delete(Vec<String>),
    Increment {
        key: String,
        delta: i64,
    },
    Swap {
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    },
}

/// What a write led to.
#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    Sum(i64),
    Found(Option<Vec<u8>>),
}

/// How a write ended.
pub(super) type Answer = Result<Outcome, StoreError>;

/// The table within a transaction.
type Writable<'t> = Table<'t, &'static str, &'static [u8]>;

impl Operation {
    /// What it holds in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Set(pairs) => pairs
                .iter()
                .map(|(key, value)| key.len() + value.len())
                .sum(),
            Self::Delete(keys) => keys.iter().map(String::len).sum(),
            Self::Increment { key, .. } => key.len(),
            Self::Swap {
                key,
                expected,
                value,
            } => key.len() + value.len() + expected.as_ref().map_or(0, Vec::len),
        }
    }

    /// The outer error is the table's and ends the batch, the inner one is the operation's own.
    pub(super) fn apply(&self, table: &mut Writable<'_>) -> Result<Answer, redb::Error> {
        match self {
            Self::Set(pairs) => {
                for (key, value) in pairs {
                    table.insert(key.as_str(), value.as_slice())?;
                }
                Ok(Ok(Outcome::Done))
            }
            Self::Delete(keys) => {
                for key in keys {
                    table.remove(key.as_str())?;
                }
                Ok(Ok(Outcome::Done))
            }
            Self::Increment { key, delta } => increment(table, key, *delta),
            Self::Swap {
                key,
                expected,
                value,
            } => {
                let found = table.get(key.as_str())?.map(|found| found.value().to_vec());
                if found != *expected {
                    return Ok(Ok(Outcome::Found(found)));
                }
                table.insert(key.as_str(), value.as_slice())?;
                Ok(Ok(Outcome::Done))
            }
        }
    }
}

fn increment(table: &mut Writable<'_>, key: &str, delta: i64) -> Result<Answer, redb::Error> {
    let present = match table.get(key)? {
        None => Some(0),
        Some(value) => std::str::from_utf8(value.value())
            .ok()
            .and_then(|text| text.parse().ok()),
    };
    let Some(sum) = present.and_then(|number: i64| number.checked_add(delta)) else {
        return Ok(Err(StoreError::NotANumber));
    };
    table.insert(key, sum.to_string().as_bytes())?;
    Ok(Ok(Outcome::Sum(sum)))
}
