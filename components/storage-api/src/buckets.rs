//! The buckets in the key-value store.

use crate::bucket_id::BucketId;
use crate::listing::{Page, PageQuery};
use serde_json::Value;
use spin_sdk::key_value::{Error, Store};

/// The store, opened.
pub(crate) struct Buckets(Store);

impl Buckets {
    /// Opens the store.
    pub(crate) async fn open() -> Result<Self, Error> {
        Store::open_default().await.map(Self)
    }

    /// What is in a bucket; `None` if there is no such bucket.
    pub(crate) async fn get(&self, id: &BucketId) -> Result<Option<Vec<u8>>, Error> {
        self.0.get(id.key()).await
    }

    /// Puts `contents` into a bucket in place of what was there, and returns when it is durable.
    pub(crate) async fn put(&self, id: &BucketId, contents: &[u8]) -> Result<(), Error> {
        self.0.set(id.key(), contents).await
    }

    /// Removes a bucket and says whether it was there.
    ///
    /// The store's own removal does not say it, so it is asked before: of two removals at once,
    /// both may find the bucket.
    pub(crate) async fn remove(&self, id: &BucketId) -> Result<bool, Error> {
        let existed = self.0.exists(id.key()).await?;
        if existed {
            self.0.delete(id.key()).await?;
        }
        Ok(existed)
    }

    /// A page of ids.
    pub(crate) async fn list(&self, query: PageQuery) -> Result<Value, Error> {
        let mut page = Page::new(query);
        let mut keys = self.0.get_keys().await;
        while let Some(key) = keys.next().await {
            if let Some(id) = BucketId::from_key(&key) {
                page.offer(id);
            }
        }
        keys.result().await?;
        Ok(page.into_json())
    }
}
