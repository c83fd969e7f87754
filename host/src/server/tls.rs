//! TLS on a listener: one certificate, read again when its files change.
//!
//! Certificates are renewed while servers run, and in Kubernetes their files change by a link
//! that moves. So the files are looked at every [`INTERVAL`] rather than watched; new connections
//! get the new certificate, and a pair that cannot be used leaves the old one in place.

use crate::telemetry::metrics::host::ListenerSeries;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tracing::{error, info};

/// How often the files are looked at.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read or holds no PEM.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The key does not belong to the certificate, or neither is of a kind that is supported.
    #[error("{certificate} and {key} do not go together: {source}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// The files of a certificate chain and its key, both PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Accepts TLS connections with the newest certificate.
pub struct TlsAcceptor {
    files: Files,
    config: ArcSwap<ServerConfig>,
    series: Arc<ListenerSeries>,
}

impl TlsAcceptor {
    /// Reads the certificate.
    pub fn new(files: Files, series: Arc<ListenerSeries>) -> Result<Arc<Self>, TlsError> {
        let (config, expiry) = load(&files)?;
        series.set_certificate_expiry(expiry);
        Ok(Arc::new(Self {
            files,
            config: ArcSwap::new(config),
            series,
        }))
    }

    /// Does the handshake.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        tokio_rustls::TlsAcceptor::from(self.config.load_full())
            .accept(stream)
            .await
    }

    /// Reads the certificate again whenever its files change.
    pub async fn keep_current(self: Arc<Self>) {
        let mut seen = modified(&self.files);
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            let now = modified(&self.files);
            if now != seen {
                seen = now;
                self.reload();
            }
        }
    }

    fn reload(&self) {
        let certificate = self.files.certificate.display();
        match load(&self.files) {
            Ok((config, expiry)) => {
                self.config.store(config);
                self.series.set_certificate_expiry(expiry);
                info!(%certificate, "certificate read again");
            }
            Err(failure) => {
                self.series.failed("certificate");
                error!(%certificate, error = %failure, "the old certificate stays in use");
            }
        }
    }
}

fn modified(files: &Files) -> [Option<SystemTime>; 2] {
    let of = |path: &Path| {
        fs::metadata(path)
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    [of(&files.certificate), of(&files.key)]
}

/// The configuration, and when the certificate expires, in seconds since 1970.
fn load(files: &Files) -> Result<(Arc<ServerConfig>, i64), TlsError> {
    let chain = read_chain(&files.certificate)?;
    let expiry = expiry(&files.certificate, &chain)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| TlsError::File {
        path: files.key.clone(),
        reason: error.to_string(),
    })?;
    let pair = |source| TlsError::Pair {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        source,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), expiry))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let file = |reason: String| TlsError::File {
        path: path.to_owned(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| file(error.to_string()))?;
    match chain.is_empty() {
        true => Err(file("there is no certificate in it".into())),
        false => Ok(chain),
    }
}

fn expiry(path: &Path, chain: &[CertificateDer<'_>]) -> Result<i64, TlsError> {
    let file = |reason: String| TlsError::File {
        path: path.to_owned(),
        reason,
    };
    let first = chain
        .first()
        .ok_or_else(|| file("there is no certificate in it".into()))?;
    let (_, parsed) =
        x509_parser::parse_x509_certificate(first).map_err(|error| file(error.to_string()))?;
    Ok(parsed.validity().not_after.timestamp())
}

impl std::fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsAcceptor")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
