//! A component with imports that only a dependency satisfies: `greeting` answers with its word,
//! and any other last segment of the path with what came of trying to use what that names.

mod generated {
    wit_bindgen::generate!({ path: "../support/words/wit", world: "parent" });
}

use generated::test::words::{uses, words};
use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let target = p3::target(&request);
    let answer = match target.operation() {
        "greeting" => words::greeting(),
        key => uses::attempt(key.to_owned()).await,
    };
    Ok(p3::text(answer))
}
