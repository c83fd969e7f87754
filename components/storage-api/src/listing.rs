//! Lists ids in pages.
//!
//! The store gives its keys in no order and all of them, some perhaps twice, so a page costs a walk over every key:
//! time grows with the number of buckets, for each page anew. Memory does not; of the ids walked
//! over, only those that may be on the page are kept.

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Ids on a page if the request names no number.
const DEFAULT_LIMIT: usize = 100;
/// The most ids on a page.
const MAX_LIMIT: usize = 1000;

/// Which page is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageQuery {
    cursor: Option<String>,
    limit: usize,
}

/// Why no page is asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("limit is not a number from 1 to {MAX_LIMIT}")]
pub(crate) struct InvalidLimit;

impl PageQuery {
    /// Reads `cursor` and `limit` from a query; other parameters do not matter.
    pub(crate) fn parse(query: &str) -> Result<Self, InvalidLimit> {
        let mut page = Self {
            cursor: None,
            limit: DEFAULT_LIMIT,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "cursor" => page.cursor = Some(value.into_owned()),
                "limit" => page.limit = parse_limit(&value)?,
                _ => {}
            }
        }
        Ok(page)
    }
}

fn parse_limit(text: &str) -> Result<usize, InvalidLimit> {
    text.parse()
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or(InvalidLimit)
}

/// A page that is being put together from ids in any order.
pub(crate) struct Page {
    query: PageQuery,
    /// The lowest ids beyond the cursor; one more than the page holds.
    lowest: BTreeSet<String>,
}

impl Page {
    /// The page that `query` asks for, without ids yet.
    pub(crate) fn new(query: PageQuery) -> Self {
        Self {
            query,
            lowest: BTreeSet::new(),
        }
    }

    /// Considers an id for the page.
    pub(crate) fn offer(&mut self, id: &str) {
        if self
            .query
            .cursor
            .as_deref()
            .is_some_and(|cursor| id <= cursor)
        {
            return;
        }
        let full = self.lowest.len() > self.query.limit;
        if full
            && self
                .lowest
                .last()
                .is_some_and(|highest| id >= highest.as_str())
        {
            return;
        }
        self.lowest.insert(id.to_owned());
        if self.lowest.len() > self.query.limit + 1 {
            self.lowest.pop_last();
        }
    }

    /// The ids in order, and the cursor of the next page if there is one: the last id of this one.
    pub(crate) fn into_json(self) -> Value {
        let mut ids: Vec<_> = self.lowest.into_iter().collect();
        let more = ids.len() > self.query.limit;
        ids.truncate(self.query.limit);
        let cursor = ids.last().filter(|_| more);
        json!({ "ids": ids, "cursor": cursor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str, ids: &[&str]) -> Value {
        let mut page = Page::new(PageQuery::parse(query).unwrap());
        ids.iter().for_each(|id| page.offer(id));
        page.into_json()
    }

    #[test]
    fn ids_are_sorted() {
        let expected = json!({ "ids": ["1", "10", "2", "ä"], "cursor": null });
        assert_eq!(page("", &["2", "ä", "10", "1"]), expected);
        assert_eq!(page("", &[]), json!({ "ids": [], "cursor": null }));
    }

    #[test]
    fn an_id_that_comes_twice_is_listed_once() {
        let expected = json!({ "ids": ["a", "b"], "cursor": "b" });
        assert_eq!(page("limit=2", &["b", "a", "b", "c", "a", "c"]), expected);
    }

    #[test]
    fn a_page_holds_the_limit_and_says_where_the_next_begins() {
        let ids = ["c", "e", "a", "d", "b"];
        assert_eq!(
            page("limit=2", &ids),
            json!({ "ids": ["a", "b"], "cursor": "b" })
        );
        assert_eq!(
            page("limit=2&cursor=b", &ids),
            json!({ "ids": ["c", "d"], "cursor": "d" })
        );
        assert_eq!(
            page("limit=2&cursor=d", &ids),
            json!({ "ids": ["e"], "cursor": null })
        );
    }

    #[test]
    fn a_page_that_ends_with_the_last_id_is_the_last() {
        assert_eq!(
            page("limit=2", &["b", "a"]),
            json!({ "ids": ["a", "b"], "cursor": null })
        );
    }

    #[test]
    fn a_cursor_need_not_be_an_id_that_still_exists() {
        let expected = json!({ "ids": ["c"], "cursor": null });
        assert_eq!(page("cursor=b%20b", &["a", "c"]), expected);
    }

    #[test]
    fn a_page_keeps_no_more_ids_than_it_may_hold() {
        let mut page = Page::new(PageQuery::parse("limit=3").unwrap());
        for number in 0..1000 {
            page.offer(&format!("{:03}", (number * 7) % 1000));
            assert!(page.lowest.len() <= 4);
        }
        let expected = json!({ "ids": ["000", "001", "002"], "cursor": "002" });
        assert_eq!(page.into_json(), expected);
    }

    #[test]
    fn a_limit_is_a_number_from_1_to_1000() {
        for query in ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit="] {
            assert_eq!(PageQuery::parse(query), Err(InvalidLimit), "{query}");
        }
        assert_eq!(PageQuery::parse("limit=1000&x=y").unwrap().limit, 1000);
        assert_eq!(PageQuery::parse("").unwrap().limit, 100);
    }
}
