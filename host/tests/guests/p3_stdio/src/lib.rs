//! Prints `out` to standard output and `err` to standard error, with nothing added, by the streams
//! of WASI 0.3.

use p3::wasip3::cli::{stderr, stdout};
use p3::wasip3::wit_stream;
use p3::{ErrorCode, Request, Response, StreamReader};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let target = p3::target(&request);
    let printed = stdout::write_via_stream(stream(target.text("out"))).await;
    printed.expect("standard output");
    let printed = stderr::write_via_stream(stream(target.text("err"))).await;
    printed.expect("standard error");
    Ok(p3::text("Printed"))
}

fn stream(text: &str) -> StreamReader<u8> {
    let text = text.as_bytes().to_vec();
    let (mut writer, reader) = wit_stream::new();
    p3::spawn(async move {
        writer.write_all(text).await;
    });
    reader
}
