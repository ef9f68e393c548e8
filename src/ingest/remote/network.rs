//! The one client for HTTP and TLS, and the threads on which it waits.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::error::{Error, Result};

/// Seconds until a host that does not answer is given up.
const CONNECT_S: u64 = 10;

/// The threads on which transfers wait; started once.
pub fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let start = || Builder::new_multi_thread().worker_threads(2).enable_all().build().ok();
    RUNTIME.get_or_init(start).as_ref().ok_or_else(|| {
        Error::input("network", "no threads could be started for it", "free some and try again")
    })
}

/// Chooses the implementation of TLS; another one that was chosen before stays.
pub fn trust() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client that follows no redirection, for credentials would follow it.
pub fn client(timeout_s: u64, ca: Option<&str>) -> Result<reqwest::Client> {
    trust();
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(CONNECT_S))
        .timeout(Duration::from_secs(timeout_s))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("llmspan/", env!("CARGO_PKG_VERSION")));
    let builder = match ca {
        None => builder,
        Some(path) => {
            let path = Path::new(path);
            let pem = std::fs::read(path)
                .map_err(|source| Error::Io { path: path.to_owned(), source })?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|_| {
                let place = path.display().to_string();
                Error::input(place, "holds no certificate", "give a file in PEM form")
            })?;
            builder.tls_certs_merge(certificates)
        }
    };
    builder.build().map_err(|error| {
        Error::input("network", because(&error), "check the certificates of this machine")
    })
}

/// An error of the client with its innermost cause, and without the address, which may be secret.
pub fn because(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
