//! Which store an address names, and who asks it: each cloud's ordinary chain of credentials.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::limit::LimitStore;
use object_store::{ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use super::super::network::trust;
use super::super::shown;
use crate::error::{Error, Result};

/// Requests at one time.
pub const AT_ONCE: usize = 16;
/// A request is sent again this often,
const RETRIES: usize = 4;
/// and not for longer than this.
const RETRY_S: u64 = 60;
/// One answer may take this long.
const ANSWER: &str = "300 seconds";

/// A store and the key in it that an address names.
pub struct Place {
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// The key, or the beginning of keys.
    pub key: String,
    /// What stands before a key in the name of an object.
    pub prefix: String,
    /// Whether the keys under a prefix can be listed.
    pub lists: bool,
}

/// Finds the store.
pub fn place(input: &str) -> Result<Place> {
    trust();
    let (scheme, rest) = input.split_once("://").unwrap_or_default();
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        let message = format!("{scheme}:// names no bucket");
        return Err(Error::usage(message, format!("write {scheme}://bucket/prefix/")));
    }
    if scheme == "http" || scheme == "https" {
        return http(input, scheme, bucket, key);
    }
    let retry = retry();
    let built: object_store::Result<Arc<dyn ObjectStore>> = match scheme {
        "s3" => s3(bucket).with_retry(retry).build().map(limited),
        "gs" => google(bucket).with_retry(retry).build().map(limited),
        _ => azure(bucket).with_retry(retry).build().map(limited),
    };
    let store = built.map_err(|error| super::failed(&shown(input), &error))?;
    let prefix = format!("{scheme}://{bucket}/");
    Ok(Place { store, key: key.to_owned(), prefix, lists: true })
}

fn limited<S: ObjectStore>(store: S) -> Arc<dyn ObjectStore> {
    Arc::new(LimitStore::new(store, AT_ONCE))
}

fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES,
        retry_timeout: Duration::from_secs(RETRY_S),
        ..RetryConfig::default()
    }
}

/// An address of its own, whose signature may stand behind a question mark.
fn http(input: &str, scheme: &str, host: &str, rest: &str) -> Result<Place> {
    let (key, query) = rest.split_once('?').unwrap_or((rest, ""));
    let base = if query.is_empty() {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}/?{query}")
    };
    let options = ClientOptions::new().with_timeout(Duration::from_secs(300));
    let options = options.with_allow_http(scheme == "http");
    let built = HttpBuilder::new().with_url(base).with_retry(retry()).with_client_options(options);
    let store = built.build().map_err(|error| super::failed(&shown(input), &error))?;
    let key = super::super::address::decoded(key);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let prefix = format!("{scheme}://{host}/");
    Ok(Place { store: limited(store), key, prefix, lists: false })
}

fn s3(bucket: &str) -> AmazonS3Builder {
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), ANSWER);
    // An endpoint without TLS was named on purpose.
    let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    let others = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_SKIP_SIGNATURE",
    ];
    if others.iter().any(|name| std::env::var_os(name).is_some()) {
        return builder;
    }
    let profile = std::env::var("AWS_PROFILE").unwrap_or("default".to_owned());
    let keys = profile_keys(&file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), &profile);
    for (name, value) in keys {
        builder = match name.as_str() {
            "aws_access_key_id" => builder.with_access_key_id(value),
            "aws_secret_access_key" => builder.with_secret_access_key(value),
            "aws_session_token" => builder.with_token(value),
            _ => builder,
        };
    }
    builder
}

/// The text of a file of the shared configuration; empty where there is none.
fn file(variable: &str, name: &str) -> String {
    let home = || std::env::home_dir().map(|home| home.join(".aws").join(name));
    let path = std::env::var_os(variable).map(PathBuf::from).or_else(home);
    path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
}

/// The keys of a profile in the shared file of credentials.
fn profile_keys(text: &str, profile: &str) -> Vec<(String, String)> {
    let mut inside = false;
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.trim_end_matches(']').trim() == profile;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside) {
            keys.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    keys
}

fn google(bucket: &str) -> GoogleCloudStorageBuilder {
    let builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), ANSWER);
    let base = builder.get_config_value(&GoogleConfigKey::BaseUrl);
    if base.is_some_and(|base| base.starts_with("http://")) {
        return builder.with_config(GoogleConfigKey::Client(ClientConfigKey::AllowHttp), "true");
    }
    builder
}

fn azure(container: &str) -> MicrosoftAzureBuilder {
    let builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(container)
        .with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), ANSWER);
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
    if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
        return builder.with_allow_http(true);
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_profile_that_is_meant_gives_its_keys() {
        let text = "[default]\naws_access_key_id = A\n\n[ other ]\naws_access_key_id=B\n\
                    aws_session_token = t=1\n";
        let found = profile_keys(text, "other");
        assert_eq!(found[0].1, "B");
        assert_eq!(found[1], ("aws_session_token".to_owned(), "t=1".to_owned()));
        assert_eq!(profile_keys(text, "default").len(), 1);
        assert!(profile_keys(text, "none").is_empty());
    }
}
