//! A dependency of `p3_dependent`: it greets, and tries what its parent was granted.

#![expect(unsafe_code, reason = "generated, as exports need it")]

mod generated {
    wit_bindgen::generate!({ path: "../support/words/wit", world: "dependency" });
}

use bindings::fermyon::spin::key_value as key_value_sync;
use bindings::wasi::config::store as config;
use bindings::weir::platform::{log_directory, metrics};
use generated::exports::test::words::{uses, words};
use spin_sdk::key_value::Store;
use std::fmt::Debug;

struct Component;

impl words::Guest for Component {
    fn greeting() -> String {
        "hello".into()
    }
}

impl uses::Guest for Component {
    async fn attempt(key: String) -> String {
        match key.as_str() {
            "allowed_outbound_hosts" => shown(send().await),
            "environment" => format!("{:?}", std::env::var("GREETING")),
            "files" => format!("{:?}", std::fs::read_to_string("/page.txt").ok()),
            "key_value_stores" => shown(Store::open("default").await.map(drop)),
            "key_value_stores_sync" => shown(key_value_sync::Store::open("default").map(drop)),
            "variables" => shown(spin_sdk::variables::get("word").await),
            "config" => shown(config::get("word")),
            "log_directory" => shown(log_directory::write_entry(b"entry".into()).await.map(drop)),
            "metrics" => shown(metrics::add("words", 1, &[])),
            other => panic!("{other} is nothing to try"),
        }
    }
}

async fn send() -> Result<u16, impl Debug> {
    let response = spin_sdk::http::get("http://p3-hello.spin.internal/").await;
    response.map(|response| response.status().as_u16())
}

fn shown(outcome: Result<impl Debug, impl Debug>) -> String {
    format!("{outcome:?}")
}

generated::export!(Component with_types_in generated);
