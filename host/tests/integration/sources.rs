//! Components whose code is fetched: `source = { url, digest }`.

use crate::harness::app::App;
use crate::harness::guest;
use crate::harness::server::free_port;
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A server of one file that keeps the heads of what it was asked.
struct FileServer {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl FileServer {
    /// Answers the first `refusals` requests with 503, and redirects `/moved` to its file and
    /// `/away/<port>` to that of another server.
    fn start(content: Vec<u8>, refusals: usize) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in socket.incoming().map_while(Result::ok) {
                let head = head(&stream);
                let asked = kept.lock().unwrap().len();
                kept.lock().unwrap().push(head.clone());
                answer(stream, &head, asked < refusals, &content);
            }
        });
        Self { port, heads }
    }

    fn asked(&self) -> usize {
        self.heads.lock().unwrap().len()
    }

    /// The authorization of each request, none where there was none.
    fn authorizations(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let of = |head: &String| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut lines = lines.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
            lines.next().map_or("none", |(_, value)| value).to_owned()
        };
        heads.iter().map(of).collect()
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// Reads the head of a request.
fn head(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let lines = lines.map_while(Result::ok);
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn answer(mut stream: TcpStream, head: &str, refused: bool, content: &[u8]) {
    let found = |location: &str| ("302 Found", format!("location: {location}\r\n"), &b""[..]);
    let plain = |status| (status, String::new(), &b""[..]);
    let path = head.split(' ').nth(1).unwrap();
    let (status, header, body) = match (path, path.strip_prefix("/away/")) {
        _ if refused => plain("503 Service Unavailable"),
        (_, Some(port)) => found(&format!("http://127.0.0.1:{port}/file.wasm")),
        ("/moved", _) => found("/file.wasm"),
        ("/file.wasm", _) => ("200 OK", String::new(), content),
        _ => plain("404 Not Found"),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    // A client that has gone does not matter.
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
}

/// The bytes of a component.
pub(crate) fn code() -> Vec<u8> {
    std::fs::read(guest("p3_hello")).unwrap()
}

/// The digest as a manifest has it.
pub(crate) fn digest(content: &[u8]) -> String {
    let digits = Sha256::digest(content);
    let digits = digits.iter().map(|byte| format!("{byte:02x}"));
    format!("sha256:{}", digits.collect::<String>())
}

/// An app whose component comes from `url`, with its state in `state`.
fn app(url: &str, digest: &str, state: &Path) -> App {
    App::new()
        .manifest(&format!(
            "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"far\"\n\
             [component.far]\nsource = {{ url = \"{url}\", digest = \"{digest}\" }}"
        ))
        .config(&format!("[state]\ndirectory = {state:?}"))
}

#[tokio::test]
async fn code_is_fetched_once_and_afterwards_no_server_is_needed() {
    let state = tempfile::tempdir().unwrap();
    let server = FileServer::start(code(), 2);
    let digest = digest(&code());
    let host = app(&server.url("/moved"), &digest, state.path())
        .start()
        .await;
    assert_eq!(host.get("/").await.status, 200);
    host.logged(&["fetched again", "503"]).await;
    assert_eq!(server.asked(), 4, "two refusals, the redirect and the file");
    drop(host);
    let nobody = format!("http://127.0.0.1:{}/file.wasm", free_port());
    for url in [server.url("/moved"), nobody] {
        let host = app(&url, &digest, state.path()).start().await;
        assert_eq!(host.get("/").await.status, 200);
    }
    assert_eq!(server.asked(), 4, "it was fetched before");
}

#[tokio::test]
async fn code_with_another_digest_is_never_used() {
    let state = tempfile::tempdir().unwrap();
    let server = FileServer::start(code(), 0);
    let wanted = digest(b"something else");
    let (status, output) = app(&server.url("/file.wasm"), &wanted, state.path())
        .fail()
        .await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains(&digest(&code())), "{output}");
    assert!(output.contains("not the one in the manifest"), "{output}");
    assert_eq!(server.asked(), 1, "it is not fetched again");
    // Nor is a file that was changed where it is kept.
    let wanted = digest(&code());
    let kept = state.path().join("fetched");
    std::fs::create_dir_all(&kept).unwrap();
    let name = wanted.trim_start_matches("sha256:");
    std::fs::write(kept.join(format!("{name}.wasm")), "changed").unwrap();
    let host = app(&server.url("/file.wasm"), &wanted, state.path())
        .start()
        .await;
    assert_eq!(host.get("/").await.status, 200);
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn what_is_not_there_is_told_with_the_address_and_its_place_in_the_manifest() {
    let state = tempfile::tempdir().unwrap();
    let server = FileServer::start(Vec::new(), 0);
    let missing = server.url("/none.wasm");
    let (status, output) = app(&missing, &digest(b""), state.path()).fail().await;
    assert_eq!(status, 2, "{output}");
    for part in [&*missing, "status 404", "spin.toml:"] {
        assert!(output.contains(part), "{part} in {output}");
    }
    assert_eq!(server.asked(), 1, "it is not asked for again");
    let nobody = format!("http://127.0.0.1:{}/file.wasm", free_port());
    let (status, output) = app(&nobody, &digest(b""), state.path()).fail().await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("refused"), "{output}");
}

#[tokio::test]
async fn of_a_url_the_query_is_never_shown() {
    let state = tempfile::tempdir().unwrap();
    let server = FileServer::start(Vec::new(), 1);
    let signed = server.url("/none.wasm?signature=s3cret");
    let (status, output) = app(&signed, &digest(b""), state.path()).fail().await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains(&server.url("/none.wasm")), "{output}");
    assert!(output.contains("fetched again"), "{output}");
    assert!(!output.contains("s3cret"), "{output}");
}

#[tokio::test]
async fn a_user_and_a_password_go_to_the_server_of_the_url_and_to_no_other() {
    let state = tempfile::tempdir().unwrap();
    let (own, other) = (FileServer::start(code(), 0), FileServer::start(code(), 0));
    let with_password = |path: &str| own.url(path).replacen("//", "//me:p%40s3cret@", 1);
    let url = with_password("/moved");
    let host = app(&url, &digest(&code()), state.path()).start().await;
    assert_eq!(host.get("/").await.status, 200);
    // The password is `p@s3cret`.
    let basic = "Basic bWU6cEBzM2NyZXQ=";
    assert_eq!(own.authorizations(), [basic; 2]);
    assert!(!host.log().contains("s3cret"), "{}", host.log());

    let state = tempfile::tempdir().unwrap();
    let url = with_password(&format!("/away/{}", other.port));
    let host = app(&url, &digest(&code()), state.path()).start().await;
    assert_eq!(host.get("/").await.status, 200);
    assert_eq!(own.authorizations(), [basic; 3]);
    assert_eq!(other.authorizations(), ["none"]);
}
