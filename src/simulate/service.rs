//! The services that call: what their prompts look like, how long they answer, how predictable
//! their text is to a draft model.

/// One kind of work inside a service, with a prompt of its own.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    /// Name of the prompt.
    pub prompt: &'static str,
    /// Multiplies the kind's own prompt tokens.
    pub prompt_scale: f64,
    /// Multiplies the kind's answers.
    pub output_scale: f64,
    /// Chance that a drafted token is accepted while all before it were.
    pub acceptance: f64,
    /// Share of the service's calls.
    pub share: f64,
}

const fn task(
    prompt: &'static str,
    prompt_scale: f64,
    output_scale: f64,
    acceptance: f64,
    share: f64,
) -> Task {
    Task { prompt, prompt_scale, output_scale, acceptance, share }
}

/// How calls of a kind follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Flow {
    /// Single calls.
    Single,
    /// Conversations: so many turns on average, so many seconds between them (median).
    Chat {
        /// Mean turns.
        turns: f64,
        /// Median pause, seconds.
        pause_s: f64,
    },
    /// Agent runs: tool calls between model calls, in one trace.
    Agent {
        /// Mean steps.
        steps: f64,
    },
}

/// A kind of service.
#[derive(Debug)]
pub struct Kind {
    /// Names that a service of this kind may have.
    pub names: &'static [&'static str],
    /// Its tasks; the first is the commonest.
    pub tasks: &'static [Task],
    /// Range of the shared instructions, tokens.
    pub system_tokens: (f64, f64),
    /// Each call's own prompt tokens: median and log-scale deviation.
    pub own_tokens: (f64, f64),
    /// Answer tokens: median and log-scale deviation.
    pub output_tokens: (f64, f64),
    /// Share of calls that stream.
    pub streaming: f64,
    /// How calls follow each other.
    pub flow: Flow,
    /// Whether it searches a vector index first.
    pub retrieval: bool,
}

/// Every kind.
pub const KINDS: &[Kind] = &[
    Kind {
        names: &["support-assistant", "web-chat", "chat-api"],
        tasks: &[
            task("chat-turn", 1.0, 1.0, 0.72, 0.8),
            task("chat-rewrite", 1.0, 1.0, 0.76, 0.15),
            task("chat-story", 1.0, 1.0, 0.36, 0.05),
        ],
        system_tokens: (1200.0, 4000.0),
        own_tokens: (120.0, 0.7),
        output_tokens: (260.0, 0.6),
        streaming: 0.96,
        flow: Flow::Chat { turns: 4.0, pause_s: 25.0 },
        retrieval: false,
    },
    Kind {
        names: &["rag-answer", "kb-search", "docs-qa"],
        tasks: &[
            task("rag-answer", 1.0, 1.0, 0.7, 0.75),
            task("query-rewrite", 0.25, 0.15, 0.74, 0.15),
            task("rag-compare", 2.4, 2.2, 0.66, 0.1),
        ],
        system_tokens: (2500.0, 12_000.0),
        own_tokens: (2400.0, 0.45),
        output_tokens: (230.0, 0.5),
        streaming: 0.9,
        flow: Flow::Single,
        retrieval: true,
    },
    Kind {
        names: &["ops-agent", "research-agent", "workflow-runner"],
        tasks: &[task("agent-plan", 1.0, 1.0, 0.74, 0.5), task("agent-act", 1.0, 0.9, 0.78, 0.5)],
        system_tokens: (4000.0, 9000.0),
        own_tokens: (350.0, 0.6),
        output_tokens: (130.0, 0.6),
        streaming: 0.6,
        flow: Flow::Agent { steps: 4.0 },
        retrieval: false,
    },
    Kind {
        names: &["invoice-extract", "entity-tagger", "ticket-classifier"],
        tasks: &[
            task("extract-fields", 1.0, 1.0, 0.84, 0.6),
            task("classify", 0.8, 0.5, 0.86, 0.3),
            task("normalize", 1.6, 2.6, 0.8, 0.1),
        ],
        system_tokens: (700.0, 1800.0),
        own_tokens: (1100.0, 0.5),
        output_tokens: (55.0, 0.4),
        streaming: 0.35,
        flow: Flow::Single,
        retrieval: false,
    },
    Kind {
        names: &["ide-backend", "code-assist", "sql-copilot"],
        tasks: &[
            task("code-edit", 1.0, 1.0, 0.84, 0.8),
            task("code-complete", 1.0, 1.0, 0.88, 0.15),
            task("code-explain", 1.0, 1.0, 0.5, 0.05),
        ],
        system_tokens: (1500.0, 4500.0),
        own_tokens: (2600.0, 0.55),
        output_tokens: (300.0, 0.7),
        streaming: 0.97,
        flow: Flow::Single,
        retrieval: false,
    },
    Kind {
        names: &["doc-summarizer", "meeting-notes", "mail-digest"],
        tasks: &[
            task("summarize", 1.0, 1.0, 0.68, 0.85),
            task("summarize-long", 2.5, 1.6, 0.66, 0.15),
        ],
        system_tokens: (500.0, 1500.0),
        own_tokens: (4200.0, 0.5),
        output_tokens: (320.0, 0.35),
        streaming: 0.5,
        flow: Flow::Single,
        retrieval: false,
    },
];

/// Positions in [`KINDS`].
pub mod kind {
    /// Conversations.
    pub const CHAT: usize = 0;
    /// Retrieval and answer.
    pub const RAG: usize = 1;
    /// Agents with tools.
    pub const AGENT: usize = 2;
    /// Extraction and classification.
    pub const EXTRACT: usize = 3;
    /// Code.
    pub const CODE: usize = 4;
    /// Summaries.
    pub const SUMMARY: usize = 5;
}
