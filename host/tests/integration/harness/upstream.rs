//! A server that components send requests to: it keeps what it is sent and answers with bytes that
//! the test gives, so that it can also answer with what is no HTTP.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers every connection's one request alike.
pub(crate) struct Upstream {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    /// A server that answers with these bytes and closes the connection.
    pub(crate) async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let (answer, kept) = (Arc::new(answer.into()), Arc::clone(&requests));
        // It ends with the test's runtime.
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                // A client may open a connection before it has a use for it.
                tokio::spawn(serve(connection, Arc::clone(&answer), Arc::clone(&kept)));
            }
        });
        Self { port, requests }
    }

    /// A server that answers with this status line's rest, these header lines and this body.
    pub(crate) async fn answering(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        Self::start(answer).await
    }

    /// Scheme, address and port.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The same with a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// What it has been sent, a text for each connection.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut connection: TcpStream, answer: Arc<Vec<u8>>, kept: Arc<Mutex<Vec<String>>>) {
    let request = read(&mut connection).await;
    if !request.is_empty() {
        kept.lock().unwrap().push(request);
        // The component may have left.
        let _ = connection.write_all(&answer).await;
    }
    let _ = connection.shutdown().await;
}

/// The first byte of who wants to speak TLS, which this server does not.
const TLS_HANDSHAKE: u8 = 0x16;

/// Reads a request, as far as requests of components go.
async fn read(connection: &mut TcpStream) -> String {
    let mut whole = Vec::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        let read = connection.read(&mut part).await.unwrap_or(0);
        whole.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&whole).into_owned();
        if read == 0 || whole[0] == TLS_HANDSHAKE || is_whole(&text) {
            return text;
        }
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    match head.split_once("content-length: ") {
        Some((_, rest)) => rest.lines().next().unwrap().parse() == Ok(body.len()),
        None if head.contains("transfer-encoding: chunked") => body.ends_with("0\r\n\r\n"),
        None => true,
    }
}
