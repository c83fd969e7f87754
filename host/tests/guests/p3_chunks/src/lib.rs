//! Sends `n` parts of `size` times `3` with `ms` milliseconds before each but the first.

use p3::wasip3::clocks::monotonic_clock::wait_for;
use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let target = p3::target(&request);
    let part = vec![b'3'; target.number("size")];
    let pause = target.number::<u64>("ms") * 1_000_000;
    let (mut writer, response) = p3::begin();
    p3::spawn(async move {
        for number in 0..target.number("n") {
            if number > 0 {
                wait_for(pause).await;
            }
            if !writer.write_all(part.clone()).await.is_empty() {
                return;
            }
        }
    });
    Ok(response)
}
