//! `clickhouse://user@host:8123/db?table=otel_traces`: what such an address says.

use crate::error::{Error, Result};

/// How addresses are written, for messages.
pub const FORM: &str = "write clickhouse://user@host:8123/database?table=otel_traces, and \
                        clickhouses:// for TLS";

/// Seconds that the server may work on a query.
const TIMEOUT_S: u64 = 300;
/// Rows that a query may read.
const MAX_ROWS: u64 = 20_000_000_000;
/// Spans that a query may send.
const MAX_SPANS: u64 = 50_000_000;
/// Calls that are read whole; of more a sample is read.
const MAX_CALLS: u64 = 2_000_000;
/// Bytes of memory that a query may take.
const MAX_MEMORY: u64 = 8 << 30;

/// A table of spans in ClickHouse, and how to ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether TLS is spoken.
    pub secure: bool,
    /// Who asks.
    pub user: Option<String>,
    /// Host, in brackets where it is an IPv6 address.
    pub host: String,
    /// Port of the HTTP interface.
    pub port: u16,
    /// Database.
    pub database: String,
    /// Table or view.
    pub table: String,
    /// From when on, as it was written.
    pub since: Option<String>,
    /// Until when, as it was written.
    pub until: Option<String>,
    /// Only these services; empty for all.
    pub services: Vec<String>,
    /// File that holds the password.
    pub password_file: Option<String>,
    /// File of a certificate authority to trust beside the system's.
    pub ca: Option<String>,
    /// Read one trace in so many, whatever their number.
    pub sample: Option<u64>,
    /// Limits.
    pub limits: Limits,
}

/// What a query may cost; the server ends one that costs more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Seconds.
    pub timeout_s: u64,
    /// Rows read.
    pub max_rows: u64,
    /// Spans sent.
    pub max_spans: u64,
    /// Calls read whole; of more a sample is read.
    pub max_calls: u64,
    /// Bytes of memory.
    pub max_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout_s: TIMEOUT_S,
            max_rows: MAX_ROWS,
            max_spans: MAX_SPANS,
            max_calls: MAX_CALLS,
            max_memory: MAX_MEMORY,
        }
    }
}

impl Address {
    /// Whether an input is such an address.
    pub fn is(input: &str) -> bool {
        input.starts_with("clickhouse://") || input.starts_with("clickhouses://")
    }

    /// Reads an address.
    ///
    /// # Errors
    /// What cannot be understood, and a password, which everybody on the machine could see.
    pub fn parse(input: &str) -> Result<Self> {
        let (scheme, rest) = input.split_once("://").unwrap_or(("", input));
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        if login.is_some_and(|login| login.contains(':')) {
            return Err(Error::usage(
                "an address with a password in it, which everybody on the machine could read",
                "give the password in LLMSPAN_CLICKHOUSE_PASSWORD, or the file that holds it in \
                 LLMSPAN_CLICKHOUSE_PASSWORD_FILE or ?password_file=",
            ));
        }
        let mut address = Self {
            secure: scheme == "clickhouses",
            user: login.map(decoded).filter(|user| !user.is_empty()),
            host: String::new(),
            port: 0,
            database: some(decoded(path.trim_end_matches('/'))).unwrap_or("default".to_owned()),
            table: "otel_traces".to_owned(),
            since: None,
            until: None,
            services: Vec::new(),
            password_file: None,
            ca: None,
            sample: None,
            limits: Limits::default(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            address.set(key, &decoded(value))?;
        }
        address.place(host)?;
        Ok(address)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let number = || {
            value.parse::<u64>().map_err(|_| {
                Error::usage(format!("{key}={} is no number", value.escape_debug()), FORM)
            })
        };
        match key {
            "table" => value.clone_into(&mut self.table),
            "since" => self.since = Some(value.to_owned()),
            "until" => self.until = Some(value.to_owned()),
            "service" => self.services.extend(value.split(',').map(str::to_owned)),
            "password_file" => self.password_file = Some(value.to_owned()),
            "ca" => self.ca = Some(value.to_owned()),
            "secure" => self.secure = matches!(value, "1" | "true"),
            "timeout" => self.limits.timeout_s = number()?,
            "max_rows" => self.limits.max_rows = number()?,
            "max_spans" => self.limits.max_spans = number()?,
            "max_calls" => self.limits.max_calls = number()?.max(1),
            "sample" => self.sample = Some(number()?.max(1)),
            "max_memory" => self.limits.max_memory = number()?,
            "password" => {
                return Err(Error::usage(
                    "an address with a password in it, which everybody on the machine could read",
                    "give the password in LLMSPAN_CLICKHOUSE_PASSWORD",
                ));
            }
            _ => {
                return Err(Error::usage(
                    format!("`{}` is nothing that an address can say", key.escape_debug()),
                    "use table, since, until, service, password_file, ca, secure, timeout, \
                     sample, max_calls, max_rows, max_spans or max_memory",
                ));
            }
        }
        Ok(())
    }

    fn place(&mut self, host: &str) -> Result<()> {
        let bracket = host.rfind(']').map_or(0, |at| at + 1);
        let (name, port) = match host.get(bracket..).and_then(|rest| rest.find(':')) {
            Some(at) => host.split_at(bracket + at),
            None => (host, ""),
        };
        let default = if self.secure { 8443 } else { 8123 };
        let port = match port.trim_start_matches(':') {
            "" => Some(default),
            port => port.parse().ok(),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
        match port {
            Some(port) if !name.is_empty() && name.chars().all(plain) => {
                name.clone_into(&mut self.host);
                self.port = port;
                Ok(())
            }
            _ => Err(Error::usage(format!("`{}` is no host", host.escape_debug()), FORM)),
        }
    }

    /// Where the server answers.
    pub fn endpoint(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}:{}/", self.host, self.port)
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Percent signs resolved; what is none stays.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_who_asks_whom_for_what() {
        let text = "clickhouses://me%40x@[::1]:9443/otel?table=spans&service=a,b&max_rows=7&\
                    since=2026-11-03T14:00Z";
        let address = Address::parse(text).unwrap();
        assert_eq!(address.endpoint(), "https://[::1]:9443/");
        assert_eq!(address.user.as_deref(), Some("me@x"));
        assert_eq!((address.database.as_str(), address.table.as_str()), ("otel", "spans"));
        assert_eq!(address.services, ["a", "b"]);
        assert_eq!(address.limits.max_rows, 7);
        let bare = Address::parse("clickhouse://db").unwrap();
        assert_eq!(bare.endpoint(), "http://db:8123/");
        assert_eq!((bare.database.as_str(), bare.table.as_str()), ("default", "otel_traces"));
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for text in ["clickhouse://me:hunter2@db/x", "clickhouse://db/x?password=hunter2"] {
            let error = Address::parse(text).unwrap_err();
            let told = format!("{error} {}", error.help());
            assert!(told.contains("LLMSPAN_CLICKHOUSE_PASSWORD"), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn what_an_address_cannot_say_is_an_error() {
        for text in ["clickhouse://", "clickhouse://db:port/x", "clickhouse://db/x?tabel=y"] {
            assert_eq!(Address::parse(text).unwrap_err().exit_code(), 2, "{text}");
        }
    }
}
