//! A server that answers when the test lets it, for what must be seen while something waits.

use super::PATIENCE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// The server.
pub(crate) struct Gate(TcpListener);

/// A request that waits for its answer.
pub(crate) struct Asked(TcpStream);

impl Gate {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// Scheme, address and port.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// Waits until somebody asks.
    pub(crate) async fn asked(&self) -> Asked {
        let (mut stream, _) = timeout(PATIENCE, self.0.accept()).await.unwrap().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
        }
        Asked(stream)
    }
}

impl Asked {
    /// Lets it through.
    pub(crate) async fn answer(mut self, body: &[u8]) {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let whole = [head.as_bytes(), body].concat();
        self.0.write_all(&whole).await.unwrap();
    }
}
