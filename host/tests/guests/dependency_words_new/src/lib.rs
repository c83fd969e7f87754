//! A newer `dependency_words`, which greets otherwise and uses nothing.

#![expect(unsafe_code, reason = "generated, as exports need it")]

mod generated {
    wit_bindgen::generate!({ path: "../support/words/wit", world: "dependency" });
}

use generated::exports::test::words::{uses, words};

struct Component;

impl words::Guest for Component {
    fn greeting() -> String {
        "good day".into()
    }
}

impl uses::Guest for Component {
    async fn attempt(_key: String) -> String {
        "not tried".into()
    }
}

generated::export!(Component with_types_in generated);
