//! The shared backend: a Redis that any number of hosts have at once.
//!
//! Each operation is one command of the server, so that hosts cannot come between each other: `MSET`
//! and `DEL` take effect whole, `INCRBY` adds in the server, and a compare-and-swap is a script that
//! the server runs alone. All operations share one connection, whose commands are pipelined; when it
//! breaks it is made again in the background, and what was under way fails.
//!
//! Keys are `weir:{<app>/<store>}:<key>`. Apps and stores share a server without meeting, and the
//! braces are what Redis Cluster hashes, so that all keys of a store lie on one node and can be
//! written together. A listing is a `SCAN`, which holds up nobody: it costs a walk over everything
//! in the server, and gives no order. A key that was there throughout is listed; one that comes or
//! goes meanwhile may be or not.
//!
//! Durable is what the server makes of it: with `appendfsync always` an acknowledged write is on the
//! disk. Limits: Redis 6 or newer, which tells at once that a connection is gone; a value of many
//! megabytes holds up those behind it.

mod failure;

use super::store::{MAX_ANSWER, MAX_HELD, PAGE, Page, StoreError, Swapped};
use crate::capability::held::Held;
use failure::Failures;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo as _, ProtocolVersion, Script, cmd};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use url::Url;
use url::form_urlencoded::byte_serialize;

/// How long to wait before the first and at most before any further attempt to connect.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Attempts that an operation may wait for, beside its timeout.
const ATTEMPTS: usize = 4;
/// Commands that wait for room in the pipeline before they are sent.
const PIPELINE: usize = 1024;

/// Sets KEYS[1] to ARGV[1] if it is ARGV[2], or if it is not there and ARGV[2] is not either. Gives
/// 1, or 0 with what was found.
const SWAP: &str = "\
local found = redis.call('GET', KEYS[1])
if found == (ARGV[2] or false) then
  redis.call('SET', KEYS[1], ARGV[1])
  return {1, false}
end
return {0, found}";

/// Gives the values of KEYS, or nothing if they have more than ARGV[1] bytes.
const GET_MANY: &str = "\
local room = tonumber(ARGV[1])
local found = {}
for number, key in ipairs(KEYS) do
  room = room - redis.call('STRLEN', key)
  if room < 0 then
    return false
  end
  found[number] = redis.call('GET', key)
end
return found";

/// Where a store lies.
#[derive(Clone)]
pub struct Place<'a> {
    /// The server, `redis://` or `rediss://`; holds the password.
    pub url: &'a Url,
    /// The app that the store belongs to.
    pub app: &'a str,
    /// The store's label.
    pub label: &'a str,
    /// How long an operation may take.
    pub timeout: Duration,
}

/// A store in a Redis; its clones are the same store.
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: Arc<str>,
    swap: Arc<Script>,
    get_many: Arc<Script>,
    held: Held,
    timeout: Duration,
    failures: Failures,
    closed: Arc<AtomicBool>,
}

impl RedisStore {
    /// Connects; a server that cannot be reached is tried for `patience`, one that refuses is not.
    pub async fn open(place: Place<'_>, patience: Duration) -> Result<Self, StoreError> {
        let store = Self::new(&place)?;
        let began = Instant::now();
        loop {
            match store.run::<String>(&cmd("PING")).await {
                Err(StoreError::Unreachable { .. }) if began.elapsed() < patience => {
                    tokio::time::sleep(RETRY.0).await;
                }
                answer => return answer.map(|_pong| store),
            }
        }
    }

    fn new(place: &Place<'_>) -> Result<Self, StoreError> {
        let failures = Failures::of(place.url);
        let info = place.url.clone().into_connection_info();
        let info = info.map_err(|error| failures.sort(&error))?;
        // By this protocol the end of a connection is noticed when it comes, not by the next call.
        let settings = info.redis_settings().clone();
        let info = info.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3));
        let client = Client::open(info).map_err(|error| failures.sort(&error))?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(place.timeout))
            .set_response_timeout(Some(place.timeout))
            .set_min_delay(RETRY.0)
            .set_max_delay(RETRY.1)
            .set_number_of_retries(ATTEMPTS)
            .set_pipeline_buffer_size(PIPELINE);
        let connection = ConnectionManager::new_lazy_with_config(client, config)
            .map_err(|error| failures.sort(&error))?;
        Ok(Self {
            connection,
            prefix: prefix(place.app, place.label).into(),
            swap: Arc::new(Script::new(SWAP)),
            get_many: Arc::new(Script::new(GET_MANY)),
            held: Held::new(MAX_HELD),
            timeout: place.timeout,
            failures,
            closed: Arc::default(),
        })
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let mut connection = self.connection.clone();
        self.bounded(command.query_async(&mut connection)).await
    }

    /// Waits for an answer, also for a connection, no longer than an operation may take.
    async fn bounded<T>(
        &self,
        answer: impl Future<Output = redis::RedisResult<T>>,
    ) -> Result<T, StoreError> {
        if self.closed.load(Relaxed) {
            return Err(StoreError::Closed);
        }
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(answer) => answer.map_err(|error| self.failures.sort(&error)),
            Err(_elapsed) => Err(self.failures.late(self.timeout)),
        }
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(cmd("GET").arg(self.key(key))).await
    }

    pub(super) async fn get_many(
        &self,
        keys: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut call = self.get_many.prepare_invoke();
        keys.iter().for_each(|key| {
            call.key(self.key(key));
        });
        call.arg(MAX_ANSWER);
        let mut connection = self.connection.clone();
        let values: Option<_> = self.bounded(call.invoke_async(&mut connection)).await?;
        values.ok_or(StoreError::AnswerTooLarge)
    }

    pub(super) async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        self.run(cmd("EXISTS").arg(self.key(key))).await
    }

    /// A page is what some steps of the scan give: at least one key, unless it is the last.
    pub(super) async fn keys(&self, cursor: Option<String>) -> Result<Page, StoreError> {
        let mut cursor: u64 = match cursor {
            None => 0,
            Some(text) => text.parse().map_err(|_| StoreError::InvalidCursor)?,
        };
        loop {
            let mut command = cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(self.pattern());
            let step = command.arg("COUNT").arg(PAGE);
            let (next, found): (u64, Vec<String>) = self.run(step).await?;
            cursor = next;
            if cursor == 0 || !found.is_empty() {
                return Ok(self.page(cursor, found));
            }
        }
    }

    fn page(&self, cursor: u64, found: Vec<String>) -> Page {
        let own = |key: String| key.strip_prefix(&*self.prefix).map(str::to_owned);
        Page {
            keys: found.into_iter().filter_map(own).collect(),
            next: (cursor != 0).then(|| cursor.to_string()),
        }
    }

    fn pattern(&self) -> String {
        // Of what a pattern gives a meaning to, only the asterisk can be in a prefix.
        format!("{}*", self.prefix.replace('*', "\\*"))
    }

    pub(super) async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        if pairs.is_empty() {
            return Ok(());
        }
        let bytes = |(key, value): &(String, Vec<u8>)| key.len() + value.len();
        let held = self.held.hold(pairs.iter().map(bytes).sum());
        let held = held.ok_or(StoreError::Busy)?;
        let mut command = cmd("MSET");
        for (key, value) in pairs {
            command.arg(self.key(&key)).arg(value);
        }
        let store = self.clone();
        let set = async move { store.run(&command).await };
        to_its_end(set, held).await
    }

    pub(super) async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut command = cmd("DEL");
        keys.iter().for_each(|key| {
            command.arg(self.key(key));
        });
        self.run::<u64>(&command).await.map(drop)
    }

    pub(super) async fn increment(&self, key: String, delta: i64) -> Result<i64, StoreError> {
        self.run(cmd("INCRBY").arg(self.key(&key)).arg(delta)).await
    }

    pub(super) async fn swap(
        &self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swapped, StoreError> {
        let bytes = key.len() + value.len() + expected.as_ref().map_or(0, Vec::len);
        let held = self.held.hold(bytes).ok_or(StoreError::Busy)?;
        let store = self.clone();
        let swap = async move {
            let mut call = store.swap.key(store.key(&key));
            call.arg(value);
            if let Some(expected) = expected {
                call.arg(expected);
            }
            let mut connection = store.connection.clone();
            store.bounded(call.invoke_async(&mut connection)).await
        };
        Ok(match to_its_end(swap, held).await? {
            (true, _) => Swapped::Done,
            (false, found) => Swapped::Found(found),
        })
    }

    /// Every acknowledged write is with the server already.
    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
    }
}

/// Does what a caller that stops waiting does not end: its bytes are on their way, and `held` until
/// they have arrived.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    held: OwnedSemaphorePermit,
) -> Result<T, StoreError> {
    let done = tokio::spawn(async move {
        let done = work.await;
        drop(held);
        done
    });
    // It only fails where the runtime is shutting down.
    done.await.unwrap_or(Err(StoreError::Closed))
}

/// What all keys of a store begin with. Names are encoded, so that no two stores have the same.
fn prefix(app: &str, label: &str) -> String {
    let encoded = |name: &str| byte_serialize(name.as_bytes()).collect::<String>();
    format!("weir:{{{}/{}}}:", encoded(app), encoded(label))
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The connection knows the password.
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_have_prefixes_of_their_own_whatever_their_names_hold() {
        assert_eq!(prefix("shop", "default"), "weir:{shop/default}:");
        let odd = prefix("}a/b", "c*");
        assert_eq!(odd, "weir:{%7Da%2Fb/c*}:");
        assert_ne!(odd, prefix("}a", "b/c*"));
    }
}
