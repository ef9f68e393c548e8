//! A headless Chromium at the end of a pipe, driven by its DevTools protocol.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: Option<String>,
    calls: u64,
    /// Every event of the page so far.
    pub events: Vec<Value>,
    /// Holds the profile until the browser is gone.
    _profile: tempfile::TempDir,
}

/// Where Chromium is; none, with a message, where it is not installed.
#[allow(clippy::print_stderr, reason = "a test that skips says so")]
pub fn installed() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|folder| folder.join(name).is_file())
    });
    if found.is_none() {
        eprintln!("skipped: no chromium on this machine (apt-get install chromium)");
    }
    found
}

/// A terminal's screen as a page: its text with the colours that it asks for.
pub fn screen_of(text: &str) -> String {
    let mut out = String::from(
        "<!doctype html><meta charset=utf-8><style>body{margin:0;background:#14181d}\
         pre{margin:0;padding:14px 18px;color:#dbe1e8;font:14px/19px 'DejaVu Sans Mono',monospace}\
         .bold{font-weight:700;color:#fff}.dim{color:#8b96a3}.cyan{color:#5bd0e0}\
         .badge{font-weight:700;color:#14181d;background:#ff7b72}</style><pre>",
    );
    let mut open = 0;
    for (index, part) in text.split('\u{1b}').enumerate() {
        let (code, rest) = match part.strip_prefix('[').and_then(|part| part.split_once('m')) {
            Some(found) if index > 0 => found,
            _ => ("", part),
        };
        let codes: Vec<&str> = code.split(';').collect();
        if index > 0 && codes.contains(&"0") {
            out.push_str(&"</span>".repeat(std::mem::take(&mut open)));
        } else if index > 0 {
            open += 1;
            let class = match code {
                _ if codes.contains(&"7") => "badge",
                _ if codes.contains(&"2") => "dim",
                _ if codes.contains(&"36") => "cyan",
                _ => "bold",
            };
            out.push_str(&format!("<span class={class}>"));
        }
        out.push_str(&rest.replace('&', "&amp;").replace('<', "&lt;"));
    }
    out + "</pre>"
}

impl Browser {
    /// Starts it with an empty page.
    pub fn start(program: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let flags = "--headless --no-sandbox --disable-gpu --disable-background-networking \
                     --no-first-run --hide-scrollbars --remote-debugging-pipe";
        // The protocol's pipe is descriptors 3 and 4: the shell lays our ends there.
        let line = format!(
            "exec {program} {flags} --user-data-dir=\"$0\" 3<&0 4>&1 0</dev/null 1>/dev/null"
        );
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (send, from) = channel();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while out.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                let Ok(parsed) = serde_json::from_slice(&message) else { break };
                if send.send(parsed).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let to = child.stdin.take().unwrap();
        let mut browser =
            Self { child, to, from, session: None, calls: 0, events: vec![], _profile: profile };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Log", "Runtime"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method of the protocol and waits for its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        loop {
            let answer = self.from.recv_timeout(PATIENCE).expect("the browser answers");
            if answer["id"] == json!(id) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// Opens a file and waits until it has loaded; what happened before is forgotten.
    pub fn open(&mut self, path: &Path) {
        self.events.clear();
        self.call("Page.navigate", json!({"url": format!("file://{}", path.display())}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.from.recv_timeout(PATIENCE).expect("the page loads");
            self.events.push(event);
        }
    }

    /// The value of an expression in the page, a promise awaited.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true,
                            "userGesture": true});
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Makes the screen so wide, light or dark.
    pub fn screen(&mut self, width: u32, scheme: &str) {
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1,
                             "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// The page as PNG, from its top down to `most` pixels.
    pub fn shot(&mut self, width: u32, most: f64) -> Vec<u8> {
        use base64::Engine;
        let height = self.value("document.documentElement.scrollHeight").as_f64().unwrap();
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height.min(most), "scale": 1});
        let params = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let data = self.call("Page.captureScreenshot", params);
        let text = data["data"].as_str().unwrap();
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    }

    /// Addresses that the page asked for.
    pub fn requests(&self) -> Vec<&str> {
        let asked = |event: &&Value| event["method"] == "Network.requestWillBeSent";
        let events = self.events.iter().filter(asked);
        events.filter_map(|event| event["params"]["request"]["url"].as_str()).collect()
    }

    /// Whatever the console said: errors, warnings, uncaught exceptions, refused policies.
    pub fn complaints(&self) -> Vec<&Value> {
        let methods = ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"];
        let said = |event: &&Value| methods.iter().any(|method| event["method"] == *method);
        self.events.iter().filter(said).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
