//! The traffic behind every dump: requests to a few services, each with one LLM call.

/// One span, in the least form that every writer can use.
pub struct Span {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub parent: [u8; 8],
    pub name: String,
    pub kind: i32,
    pub start_ns: u64,
    pub end_ns: u64,
    pub service: usize,
    pub scope: &'static str,
    pub attrs: Vec<(&'static str, Value)>,
}

/// An attribute's value.
#[derive(Clone)]
pub enum Value {
    Text(String),
    List(String),
    Int(i64),
    Float(f64),
    Bool(bool),
}

/// The services; the index is `Span::service`.
pub const SERVICES: [&str; 4] = ["rag-answer", "support-chat", "summarise", "classify"];
const MODELS: [&str; 3] = ["gpt-4o-mini", "gpt-4.1", "gpt-4o"];

/// An endless, seeded stream of spans.
pub struct Traffic {
    state: u64,
    clock_ns: u64,
    contents: bool,
    spare: Vec<Span>,
}

impl Traffic {
    /// Traffic that starts at a fixed instant.
    pub fn new(seed: u64, contents: bool) -> Self {
        Self { state: seed, clock_ns: 1_790_000_000_000_000_000, contents, spare: Vec::new() }
    }

    /// The next `count` spans.
    pub fn batch(&mut self, count: usize) -> Vec<Span> {
        while self.spare.len() < count {
            self.trace();
        }
        let rest = self.spare.split_off(count);
        std::mem::replace(&mut self.spare, rest)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn id8(&mut self) -> [u8; 8] {
        (self.next() | 1).to_be_bytes()
    }

    fn trace(&mut self) {
        self.clock_ns += 20_000_000 + self.below(60_000_000);
        let mut trace_id = [0; 16];
        trace_id[..8].copy_from_slice(&self.id8());
        trace_id[8..].copy_from_slice(&self.id8());
        let service = usize::try_from(self.below(SERVICES.len() as u64)).expect("small");
        let root = self.id8();
        let start_ns = self.clock_ns;
        let llm_start = start_ns + 30_000_000;
        let llm_end = self.llm(trace_id, root, service, llm_start);
        let mut others = vec![("POST /v1/answer", 2, start_ns, llm_end + 5_000_000, [0; 8], root)];
        // 2 LLM-related spans, the root, and 3 or 4 others: 15 % of all are LLM calls.
        let names = ["SELECT documents", "vector_search", "rerank", "render"];
        let count = if self.below(3) < 2 { 4 } else { 3 };
        for (index, name) in names.into_iter().take(count).enumerate() {
            let at = start_ns + 2_000_000 * (index as u64 + 1);
            let id = self.id8();
            others.push((name, if index == 0 { 3 } else { 1 }, at, at + 1_500_000, root, id));
        }
        for (name, kind, start_ns, end_ns, parent, span_id) in others {
            let attrs = self.other_attrs(name);
            self.spare.push(Span {
                trace_id,
                span_id,
                parent,
                name: name.into(),
                kind,
                start_ns,
                end_ns,
                service,
                scope: "acme.app",
                attrs,
            });
        }
    }

    fn other_attrs(&mut self, name: &str) -> Vec<(&'static str, Value)> {
        let text = |text: &str| Value::Text(text.into());
        match name {
            "POST /v1/answer" => vec![
                ("http.request.method", text("POST")),
                ("http.route", text("/v1/answer")),
                ("http.response.status_code", Value::Int(200)),
                ("client.address", Value::Text(format!("10.0.{}.7", self.below(255)))),
            ],
            "SELECT documents" => vec![
                ("db.system.name", text("postgresql")),
                ("db.operation.name", text("SELECT")),
                ("db.query.text", text("SELECT id, body FROM documents WHERE id = ANY($1)")),
                ("server.address", text("db.internal")),
            ],
            _ => vec![("code.function.name", text("retrieve")), ("top_k", Value::Int(5))],
        }
    }

    fn llm(&mut self, trace_id: [u8; 16], root: [u8; 8], service: usize, start_ns: u64) -> u64 {
        let model = MODELS[usize::try_from(self.below(3)).expect("small")];
        let input = 500 + self.below(8000) as i64;
        let cached = input * self.below(4) as i64 / 4;
        let output = 20 + self.below(400) as i64;
        let ttft_s = 0.1 + (input - cached) as f64 * 4.0e-5 + 0.2 * self.unit();
        let duration_s = ttft_s + output as f64 * (0.012 + 0.006 * self.unit());
        let end_ns = start_ns + (duration_s * 1e9) as u64;
        let (llm, http) = (self.id8(), self.id8());
        let mut attrs = llm_attrs(model, input, cached, output, ttft_s);
        attrs.push(("gen_ai.response.id", Value::Text(format!("chatcmpl-{:016x}", self.next()))));
        if self.contents {
            attrs.push(("gen_ai.input.messages", self.content()));
            attrs.push(("gen_ai.output.messages", self.content()));
        }
        let span = |span_id, parent, name: String, end_ns, scope, attrs| Span {
            trace_id,
            span_id,
            parent,
            name,
            kind: 3,
            start_ns,
            end_ns,
            service,
            scope,
            attrs,
        };
        let scope = "opentelemetry.instrumentation.genai.openai";
        self.spare.push(span(llm, root, format!("chat {model}"), end_ns, scope, attrs));
        let request_id = format!("req_{:016x}{:016x}", self.next(), self.next());
        let headers_ns = start_ns + (ttft_s * 0.9e9) as u64;
        let scope = "opentelemetry.instrumentation.httpx";
        let attrs = http_attrs(request_id, self.below(900));
        self.spare.push(span(http, llm, "POST".into(), headers_ns, scope, attrs));
        end_ns
    }

    /// 2 to 8 KB of text with the escapes that messages have.
    fn content(&mut self) -> Value {
        let words = 250 + self.below(750);
        let mut text =
            String::from("[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"");
        for _ in 0..words {
            let word = ["the", "ticket", "says", "\\\"quoted\\\"", "na\u{ef}ve", "line\\n", "of"];
            text.push_str(word[usize::try_from(self.below(7)).expect("small")]);
            text.push(' ');
        }
        text.push_str("\"}]}]");
        Value::Text(text)
    }
}

fn llm_attrs(
    model: &str,
    input: i64,
    cached: i64,
    output: i64,
    ttft_s: f64,
) -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::Text(text.into());
    vec![
        ("gen_ai.operation.name", text("chat")),
        ("gen_ai.provider.name", text("openai")),
        ("gen_ai.request.model", text(model)),
        ("gen_ai.request.max_tokens", Value::Int(1024)),
        ("gen_ai.request.stream", Value::Bool(true)),
        ("server.address", text("api.openai.com")),
        ("server.port", Value::Int(443)),
        ("gen_ai.response.model", Value::Text(format!("{model}-2026-05-01"))),
        ("gen_ai.response.finish_reasons", Value::List("stop".into())),
        ("gen_ai.usage.input_tokens", Value::Int(input)),
        ("gen_ai.usage.output_tokens", Value::Int(output)),
        ("gen_ai.usage.cache_read.input_tokens", Value::Int(cached)),
        ("gen_ai.response.time_to_first_chunk", Value::Float(ttft_s)),
    ]
}

fn http_attrs(request_id: String, processing_ms: u64) -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::Text(text.into());
    vec![
        ("http.request.method", text("POST")),
        ("url.full", text("https://api.openai.com/v1/chat/completions")),
        ("http.response.status_code", Value::Int(200)),
        ("http.response.header.x_request_id", Value::List(request_id)),
        ("http.response.header.openai_processing_ms", Value::List(processing_ms.to_string())),
    ]
}
