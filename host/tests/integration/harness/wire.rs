//! A client that writes bytes: for requests that no HTTP client would send, or not at that pace.

use super::PATIENCE;
use super::host::Host;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// One connection to a listener.
pub(crate) struct Wire<S = TcpStream> {
    stream: S,
    /// What has come and was not taken yet.
    buffer: Vec<u8>,
}

/// A response without the parts of its framing.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The head as it came.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        header(&self.head, name).unwrap_or_default()
    }
}

impl Wire {
    /// Connects to the first listener.
    pub(crate) async fn connect(host: &Host) -> Self {
        Self::new(TcpStream::connect(host.socket()).await.unwrap())
    }

    /// Connects to the first listener with room for few bytes that were not read yet.
    pub(crate) async fn connect_narrow(host: &Host) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let address = host.socket().parse().unwrap();
        Self::new(socket.connect(address).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Speaks over `stream`.
    pub(crate) fn new(stream: S) -> Self {
        let buffer = Vec::new();
        Self { stream, buffer }
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Sends bytes if the host still takes them.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Sends GET with nothing but what it must have.
    pub(crate) async fn get(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
        self.send(request).await;
    }

    /// The answer to GET.
    pub(crate) async fn ask(&mut self, path: &str) -> Reply {
        self.get(path).await;
        self.reply().await
    }

    /// The next response, to the end of its body.
    pub(crate) async fn reply(&mut self) -> Reply {
        let head = self.head().await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = header(&head, "content-length").map(|length| length.parse().unwrap());
        let body = match length {
            Some(length) => self.take(length).await,
            None if header(&head, "transfer-encoding") == Some("chunked") => self.chunks().await,
            None => Vec::new(),
        };
        Reply { status, head, body }
    }

    /// The head of the next response.
    pub(crate) async fn head(&mut self) -> String {
        self.until(b"\r\n\r\n").await
    }

    /// The next part of a body that comes in chunks; empty at its end.
    pub(crate) async fn chunk(&mut self) -> Vec<u8> {
        let size = self.until(b"\r\n").await;
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        let mut chunk = self.take(size + 2).await;
        chunk.truncate(size);
        chunk
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk().await;
            if chunk.is_empty() {
                return body;
            }
            body.extend(chunk);
        }
    }

    /// What comes until the host closes the connection.
    pub(crate) async fn rest(mut self) -> String {
        while self.fill().await {}
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    async fn until(&mut self, end: &[u8]) -> String {
        loop {
            let found = self.buffer.windows(end.len()).position(|part| part == end);
            if let Some(found) = found {
                let taken = self.take(found + end.len()).await;
                return String::from_utf8(taken).unwrap();
            }
            assert!(
                self.fill().await,
                "closed after {:?}",
                self.buffer.escape_ascii()
            );
        }
    }

    async fn take(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(
                self.fill().await,
                "closed after {:?}",
                self.buffer.escape_ascii()
            );
        }
        self.buffer.drain(..length).collect()
    }

    /// Waits for more. Says no if the connection is closed, in order or by a reset.
    async fn fill(&mut self) -> bool {
        let mut part = [0; 16 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut part)).await;
        let read = read.expect("neither bytes nor the end came").unwrap_or(0);
        self.buffer.extend_from_slice(&part[..read]);
        read > 0
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.trim_end())
}
