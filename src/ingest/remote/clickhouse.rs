//! Asks a ClickHouse server over HTTP: one question for the columns, one for the spans, which
//! come back as Parquet.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{RequestBuilder, Response};

use super::address::Address;
use super::network::{because, client, runtime};
use super::sql::{self, Asking, Bins, Columns};
use super::{Fetch, Terms, counts, shown, stretch};
use crate::diagnosis::ServerCounts;
use crate::error::{Error, Result};
use crate::ingest::discover::{Found, Source};
use crate::ingest::progress::Progress;
use crate::ingest::wanted::Wanted;

/// Where the password may stand.
const PASSWORD: &str = "LLMSPAN_CLICKHOUSE_PASSWORD";
const PASSWORD_FILE: &str = "LLMSPAN_CLICKHOUSE_PASSWORD_FILE";
/// Seconds that the transfer may take beyond the server's work.
const TRANSFER_S: u64 = 600;
/// A server that refuses connections is asked again after these milliseconds.
const AGAIN_MS: [u64; 2] = [200, 1000];
/// Bytes that a question may have; a server takes a quarter of it unless told.
const QUERY: &str = "1048576";
/// Most of a server's message that is shown.
const MESSAGE: usize = 600;
/// The end of an answer, in which a server that failed midway writes why.
const TAIL: usize = 16 << 10;

/// A question whose answer is a Parquet file.
#[derive(Debug)]
struct Answer {
    server: Server,
    question: String,
    times: String,
    /// Calls that the server counted, and one trace in how many is read.
    sample: Option<(u64, u64)>,
    counts: Option<Arc<ServerCounts>>,
}

/// A server, and how to ask it.
#[derive(Debug)]
struct Server {
    name: String,
    address: Address,
    password: Option<String>,
    client: reqwest::Client,
}

/// Asks for the columns, and makes the question for the spans.
pub fn open(input: &str, terms: &Terms, wanted: &Wanted) -> Result<Found> {
    let address = Address::parse(input)?;
    let times = stretch::needed(&address, terms)?;
    let name = shown(input);
    let server = Server::new(name.clone(), address)?;
    let note = |question: &str| {
        if let Some(asked) = &terms.asked {
            asked.note(question.to_owned());
        }
    };
    let question = sql::describe(&server.address);
    note(&question);
    let answer = runtime()?.block_on(server.ask(&question, &[], None))?;
    let columns = Columns::parse(&String::from_utf8_lossy(&answer));
    let layout = columns.layout(&name)?;
    let asking =
        Asking { address: &server.address, columns: &columns, layout, times: &times, wanted };
    let question = asking.count();
    note(&question);
    let answer = runtime()?.block_on(server.ask(&question, &[], None))?;
    let counted = server.number(&answer)?;
    let enough = || counted.div_ceil(server.address.limits.max_calls).max(1);
    let one_in = server.address.sample.unwrap_or_else(enough);
    let mut counts = None;
    if one_in > 1 {
        let bins = Bins::new(terms);
        let question = asking.tally(one_in, &bins);
        note(&question);
        let answer = runtime()?.block_on(server.ask(&question, &[], None))?;
        let found = counts::parse(&answer, one_in, &bins);
        counts = Some(Arc::new(found.ok_or_else(|| server.cut(&answer, "it is no count"))?));
    }
    let question = asking.select(one_in);
    note(&question);
    let sample = (one_in > 1).then_some((counted, one_in));
    let times: Vec<String> = times.iter().map(ToString::to_string).collect();
    let answer = Answer { server, question, times: times.join(", "), sample, counts };
    Ok(Found { name, source: Source::Remote(Arc::new(answer)), named: true })
}

impl Fetch for Answer {
    fn fetch(&self, progress: Option<&Progress>) -> Result<Vec<u8>> {
        let parquet = [
            ("output_format_parquet_string_as_string", "1"),
            ("output_format_parquet_compression_method", "zstd"),
        ];
        let asking = self.server.ask(&self.question, &parquet, progress);
        let bytes = runtime()?.block_on(asking)?;
        if !bytes.starts_with(b"PAR1") || !bytes.ends_with(b"PAR1") {
            return Err(self.server.cut(&bytes, "the server ended it"));
        }
        Ok(bytes)
    }

    fn in_order(&self) -> bool {
        false
    }

    fn size(&self) -> Option<u64> {
        None
    }

    fn left_out(&self) -> Option<(String, u64)> {
        let (counted, one_in) = self.sample?;
        let words = format!(
            "LLM spans left to the server: one trace in {one_in} was read, told by a hash of its \
             id, of {counted} LLM spans that it counted"
        );
        Some((words, counted - counted / one_in))
    }

    fn counted(&self) -> Option<Arc<ServerCounts>> {
        self.counts.clone()
    }

    fn when_empty(&self) -> (String, String) {
        let message = format!("no LLM call in this table between {}", self.times);
        (
            message,
            "check the table, the time and its zone; --show-queries shows what was asked"
                .to_owned(),
        )
    }
}

impl Server {
    fn new(name: String, address: Address) -> Result<Self> {
        let password = password(&address)?;
        let client = client(address.limits.timeout_s + TRANSFER_S, address.ca.as_deref())?;
        Ok(Self { name, address, password, client })
    }

    /// The whole answer to a question, or the server's own words why there is none.
    async fn ask(
        &self,
        question: &str,
        settings: &[(&str, &str)],
        progress: Option<&Progress>,
    ) -> Result<Vec<u8>> {
        let mut response = self.connect(question, settings).await?;
        let status = response.status();
        let code = header(&response, "x-clickhouse-exception-code");
        if !status.is_success() || code.is_some() {
            let text = response.bytes().await.unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let message = message(&text).unwrap_or_else(|| format!("it answered {status}"));
            return Err(self.refused(&message));
        }
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    if let Some(progress) = progress {
                        progress.read(chunk.len() as u64, 0);
                    }
                    bytes.extend_from_slice(&chunk);
                }
                Ok(None) => return Ok(bytes),
                Err(error) => return Err(self.cut(&bytes, &because(&error))),
            }
        }
    }

    async fn connect(&self, question: &str, settings: &[(&str, &str)]) -> Result<Response> {
        let mut waits = AGAIN_MS.iter();
        loop {
            let sent = self.request(settings).body(question.to_owned()).send().await;
            let error = match sent {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            // What was never received can be asked again.
            match waits.next().filter(|_| error.is_connect()) {
                Some(wait) => tokio::time::sleep(Duration::from_millis(*wait)).await,
                None => {
                    let why = because(&error);
                    let message = format!("no answer from the server: {why}");
                    let help = if why.contains("certificate") {
                        "name the authority that signed it: &ca=file.pem, or SSL_CERT_FILE"
                    } else {
                        "check host, port and TLS (clickhouses:// speaks it), and that the HTTP \
                         interface is open"
                    };
                    return Err(Error::input(&self.name, message, help));
                }
            }
        }
    }

    /// A read-only session with limits; a client that went away ends its query.
    fn request(&self, settings: &[(&str, &str)]) -> RequestBuilder {
        let limits = &self.address.limits;
        let number = |value: u64| value.to_string();
        let mut query = vec![
            ("database", self.address.database.clone()),
            ("readonly", "2".to_owned()),
            ("max_query_size", QUERY.to_owned()),
            ("max_execution_time", number(limits.timeout_s)),
            ("max_rows_to_read", number(limits.max_rows)),
            ("max_result_rows", number(limits.max_spans)),
            ("result_overflow_mode", "throw".to_owned()),
            ("max_memory_usage", number(limits.max_memory)),
            ("cancel_http_readonly_queries_on_client_close", "1".to_owned()),
        ];
        query.extend(settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let query: Vec<String> =
            query.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
        let url = format!("{}?{}", self.address.endpoint(), query.join("&"));
        let request = self.client.post(url);
        let request = match &self.address.user {
            Some(user) => request.header("X-ClickHouse-User", user),
            None => request,
        };
        match &self.password {
            Some(password) => request.header("X-ClickHouse-Key", password),
            None => request,
        }
    }

    fn refused(&self, message: &str) -> Error {
        Error::input(&self.name, format!("the server says: {message}"), help_for(message))
    }

    fn number(&self, answer: &[u8]) -> Result<u64> {
        let text = String::from_utf8_lossy(answer);
        text.trim().parse().map_err(|_| self.cut(answer, "it is no number"))
    }

    /// The error where an answer is not whole: the server's own words where they stand at its end.
    fn cut(&self, bytes: &[u8], why: &str) -> Error {
        let tail = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default();
        if let Some(message) = message(&String::from_utf8_lossy(tail)) {
            return self.refused(&format!("{message} (after {} bytes)", bytes.len()));
        }
        let message = format!(
            "the answer broke off after {} bytes ({why}), and a part is not taken for the whole",
            bytes.len()
        );
        Error::input(&self.name, message, "ask again; the server's log may say why it stopped")
    }
}

fn password(address: &Address) -> Result<Option<String>> {
    let stated = std::env::var(PASSWORD).ok().filter(|password| !password.is_empty());
    let file = address.password_file.clone().or_else(|| std::env::var(PASSWORD_FILE).ok());
    match (stated, file) {
        (Some(password), _) => Ok(Some(password)),
        (None, None) => Ok(None),
        (None, Some(file)) => {
            let read = std::fs::read_to_string(&file);
            let text = read.map_err(|source| Error::Io { path: file.into(), source })?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
    }
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// The server's own words in a text: `Code: 241. DB::Exception: …`.
fn message(text: &str) -> Option<String> {
    let from = text.rfind("Code: ").filter(|at| text[*at..].contains("Exception"))?;
    let end = text[from..].find("__exception__").map_or(text.len(), |at| from + at);
    let words = text[from..end].split_whitespace().collect::<Vec<_>>().join(" ");
    Some(match words.char_indices().nth(MESSAGE) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words,
    })
}

fn help_for(message: &str) -> &'static str {
    let digits = |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next().map(str::to_owned);
    let code = message.strip_prefix("Code: ").and_then(digits);
    match code.unwrap_or_default().as_str() {
        "516" | "192" | "193" | "194" | "497" => {
            "check the user in the address and the password in LLMSPAN_CLICKHOUSE_PASSWORD; the \
             user needs SELECT on the table"
        }
        "60" | "81" => "name the database and the table: clickhouse://host/database?table=name",
        "158" | "159" | "160" | "241" | "307" | "396" => {
            "take a shorter window or --baseline, name a service with &service=, or raise the \
             limit: &timeout= (seconds), &max_rows=, &max_spans=, &max_memory= (bytes)"
        }
        "115" => {
            "this server is too old to be asked: it must know maps, and write Parquet; its own \
             client can export the table"
        }
        "164" => {
            "the user must be allowed to set limits for its own query: readonly = 2 and not 1 in \
             its profile"
        }
        _ => "--show-queries shows what was asked",
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_own_words_are_found_at_the_end_of_an_answer() {
        let text = "PAR1\u{fffd}\r\n__exception__\r\nabc\r\nCode: 241. DB::Exception: Memory limit \
                    exceeded. (MEMORY_LIMIT_EXCEEDED)\n81 abc\r\n__exception__\r\n";
        let words = message(text).unwrap();
        assert!(words.starts_with("Code: 241. DB::Exception: Memory limit"), "{words}");
        assert!(!words.contains("__exception__"));
        assert!(help_for(&words).contains("max_memory"));
        assert_eq!(message("PAR1 and nothing else"), None);
    }

    #[test]
    fn what_stands_in_a_url_is_encoded() {
        assert_eq!(encoded("a b&c=é"), "a%20b%26c%3D%C3%A9");
    }
}
