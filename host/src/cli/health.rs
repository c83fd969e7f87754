//! `weir health`: asks a running host how it is, for the health command of a container: an image
//! without a shell has nothing else to ask with.

use super::output::{say, tell};
use super::{address, runtime};
use crate::error::Error;
use bytes::Bytes;
use clap::Args;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpStream;

/// Bytes of an answer that are read; more than any has.
const MAX_ANSWER: usize = 64 << 10;

/// What `weir health` is told.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {
    /// The host's admin server
    #[arg(
        long,
        env = "WEIR_ADMIN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9464",
        value_parser = address::parse
    )]
    admin: SocketAddr,

    /// Ask whether the process works, instead of whether it takes traffic
    #[arg(long)]
    live: bool,

    /// How long to wait for the answer
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "2s",
        value_parser = humantime::parse_duration
    )]
    timeout: Duration,
}

const AFTER_HELP: &str = "\
Exits with 0 and one line on standard output if the answer is yes, else with 1 and one line on
standard error that says why. In a Dockerfile:

  HEALTHCHECK CMD [\"/weir\", \"health\"]

A host that drains or has not started says no; with --live only one that should be restarted does.";

/// Why the answer is not yes.
#[derive(Debug, thiserror::Error)]
enum Unwell {
    #[error("no answer from {0} within {1:?}")]
    Late(SocketAddr, Duration),
    #[error("no answer from {0}: {1}")]
    Unreachable(SocketAddr, Box<dyn std::error::Error + Send + Sync>),
    #[error("{0}")]
    Says(String),
}

/// Asks, and says what the answer is.
pub(super) fn run(options: &Options) -> Result<ExitCode, Error> {
    match runtime::start()?.block_on(within(options)) {
        Ok(answer) => {
            say(answer)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(unwell) => {
            tell(unwell);
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn within(options: &Options) -> Result<String, Unwell> {
    let address = reachable(options.admin);
    let path = if options.live { "/livez" } else { "/readyz" };
    match tokio::time::timeout(options.timeout, ask(address, path)).await {
        Ok(Ok((StatusCode::OK, text))) => Ok(text),
        Ok(Ok((_, text))) => Err(Unwell::Says(text)),
        Ok(Err(error)) => Err(Unwell::Unreachable(address, error)),
        Err(_elapsed) => Err(Unwell::Late(address, options.timeout)),
    }
}

/// A server that listens everywhere is asked on this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// The status of the answer and its text without the end of the line.
async fn ask(
    address: SocketAddr,
    path: &str,
) -> Result<(StatusCode, String), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(http::header::HOST, address.to_string())
        .body(Empty::<Bytes>::new())?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).trim_end().to_owned();
    Ok((head.status, text))
}
