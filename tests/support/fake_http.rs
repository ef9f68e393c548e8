//! A server on the loopback that answers what a test tells it to, and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a server was asked: method and path with query, headers, body.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: String,
    pub body: String,
}

impl Asked {
    /// The byte range that was asked for.
    pub fn range(&self) -> Option<(usize, usize)> {
        let lower = self.headers.to_ascii_lowercase();
        let range = lower.lines().find_map(|line| line.strip_prefix("range: bytes="))?.to_owned();
        let (from, to) = range.trim().split_once('-')?;
        Some((from.parse().ok()?, to.parse().ok()?))
    }
}

/// An answer, byte for byte; the connection is closed behind it.
pub type Answer = Vec<u8>;

/// A whole answer.
pub fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    with_length(status, headers, body, body.len())
}

/// An answer that promises another length than it has.
pub fn with_length(status: &str, headers: &[(&str, &str)], body: &[u8], length: usize) -> Answer {
    let mut out = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n");
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str("\r\n");
    [out.as_bytes(), body].concat()
}

/// A file as a server that knows ranges gives it.
pub fn file(asked: &Asked, bytes: &[u8]) -> Answer {
    match asked.range() {
        None => answer("200 OK", &[("Accept-Ranges", "bytes")], bytes),
        Some((from, to)) => {
            let to = (to + 1).min(bytes.len());
            let range = format!("bytes {from}-{}/{}", to - 1, bytes.len());
            answer("206 Partial Content", &[("Content-Range", &range)], &bytes[from..to])
        }
    }
}

/// A running server.
pub struct Fake {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Starts it; `answers` is called with the number of the question, from 0.
    pub fn start(answers: impl Fn(usize, &Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, answers) = (Arc::clone(&asked), Arc::new(answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, answers) = (Arc::clone(&kept), Arc::clone(&answers));
                std::thread::spawn(move || serve(stream, &kept, &*answers));
            }
        });
        Self { port, asked }
    }

    /// Everything that it was asked.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    kept: &Mutex<Vec<Asked>>,
    answers: &(dyn Fn(usize, &Asked) -> Answer + Send + Sync),
) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut asked = Asked { method, path, ..Asked::default() };
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        asked.headers.push_str(&line);
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_ok() {
        asked.body = String::from_utf8_lossy(&body).into_owned();
    }
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(asked.clone());
        kept.len() - 1
    };
    let bytes = answers(number, &asked);
    let mut stream = reader.into_inner();
    // A client that hung up has its reasons.
    let _ = stream.write_all(&bytes).and_then(|()| stream.flush());
    let _ = stream.shutdown(std::net::Shutdown::Write);
}
