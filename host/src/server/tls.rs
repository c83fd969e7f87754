//! TLS on a listener: one certificate, read again when its files change.
//!
//! Certificates are renewed while servers run, and in Kubernetes their files change by a link
//! that moves. So the files are looked at every [`INTERVAL`] rather than watched; new connections
//! get the new certificate, and a pair that cannot be used leaves the old one in place.

use crate::telemetry::metrics::host::{ConnectionError, ListenerSeries};
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

impl Files {
    /// Whether connections can be accepted with them. Blocks.
    pub fn check(&self) -> Result<(), TlsError> {
        load(self).map(drop)
    }
}

/// Accepts TLS connections with the newest certificate.
pub struct TlsAcceptor {
    files: Files,
    /// The files' state before they were first read, so that no change after that is missed.
    read: State,
    config: ArcSwap<ServerConfig>,
    series: Arc<ListenerSeries>,
}

impl TlsAcceptor {
    /// Reads the certificate.
    pub fn new(files: Files, series: Arc<ListenerSeries>) -> Result<Arc<Self>, TlsError> {
        let read = modified(&files);
        let (config, expiry) = load(&files)?;
        series.set_certificate_expiry(expiry);
        Ok(Arc::new(Self {
            files,
            read,
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
        let mut seen = self.read;
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
                self.series.failed(ConnectionError::Certificate);
                error!(%certificate, error = %failure, "the old certificate stays in use");
            }
        }
    }
}

/// When each of the files was last modified; nothing for one that cannot be seen.
type State = [Option<SystemTime>; 2];

fn modified(files: &Files) -> State {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::host::Host;
    use crate::telemetry::registry::{Registry, Scale};
    use std::time::Instant;

    fn write(files: &Files) {
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(&files.certificate, pair.cert.pem()).unwrap();
        fs::write(&files.key, pair.signing_key.serialize_pem()).unwrap();
    }

    #[tokio::test]
    async fn a_certificate_replaced_before_the_first_look_is_not_missed() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files {
            certificate: folder.path().join("certificate.pem"),
            key: folder.path().join("key.pem"),
        };
        let registry = Registry::new(Scale {
            routes: 1,
            components: 1,
            listeners: 1,
            stores: 1,
        });
        let host = Host::new(&registry.unwrap(), "0", "0");
        write(&files);
        let acceptor = TlsAcceptor::new(files.clone(), host.listener("test")).unwrap();
        let first = acceptor.config.load_full();
        write(&files);
        // Two writes within one tick of the clock of files would look like one.
        let later = SystemTime::now() + Duration::from_secs(10);
        let certificate = fs::File::options().write(true).open(&files.certificate);
        certificate.unwrap().set_modified(later).unwrap();

        tokio::spawn(Arc::clone(&acceptor).keep_current());
        let deadline = Instant::now() + Duration::from_secs(60);
        while Arc::ptr_eq(&first, &acceptor.config.load_full()) {
            assert!(Instant::now() < deadline, "the first certificate stays");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
