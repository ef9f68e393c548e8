//! HTTP client spans: the attempts inside a call, and the provider's response headers on them.

use super::table::{
    Clue, Dialect, Field, From, Part, Streaming, Test, To, Unit, WHOLE, attr, clue, resource, rule,
};
use crate::ingest::SpanKind;
use crate::schema::Col;

/// A response header: its lower-case name with dashes, the column it fills, and its unit.
struct Header(&'static str, To, Unit);

const fn header(col: Col, name: &'static str) -> Header {
    Header(name, To::Col(col), Unit::Plain)
}

const fn header_ms(col: Col, name: &'static str) -> Header {
    Header(name, To::Col(col), Unit::Millis)
}

/// Response headers in the order in which they are believed.
const HEADERS: [Header; 55] = [
    // Azure sends `x-request-id` too; the id that its support asks for is the gateway's.
    header(Col::RequestId, "apim-request-id"),
    header(Col::RequestId, "x-amzn-requestid"),
    header(Col::RequestId, "request-id"),
    header(Col::RequestId, "x-request-id"),
    header(Col::RequestId, "x-ms-request-id"),
    header(Col::RequestId, "x-goog-request-id"),
    header(Col::RequestId, "mistral-correlation-id"),
    header(Col::RequestId, "x-kong-request-id"),
    header(Col::RequestId, "x-together-traceid"),
    header(Col::RequestId, "cf-aig-log-id"),
    header(Col::RequestId, "helicone-id"),
    Header("x-ms-region", To::Col(Col::Region), Unit::RegionName),
    header(Col::Region, "x-groq-region"),
    header(Col::Region, "x-litellm-model-region"),
    header(Col::PoolId, "x-litellm-model-id"),
    header(Col::PoolId, "fireworks-backend-host"),
    header(Col::PoolId, "fireworks-deployment"),
    header(Col::PoolId, "x-cluster"),
    header(Col::PoolId, "azureml-model-session"),
    header(Col::PoolId, "x-ms-deployment-name"),
    Header("cf-ray", To::Col(Col::EdgePop), Unit::Suffix),
    header_ms(Col::ServerProcessingS, "openai-processing-ms"),
    header_ms(Col::ServerProcessingS, "x-amzn-bedrock-invocation-latency"),
    header(Col::ServerProcessingS, "fireworks-server-processing-time"),
    header_ms(Col::ServerProcessingS, "x-envoy-upstream-service-time"),
    header_ms(Col::ServerProcessingS, "x-kong-upstream-latency"),
    header_ms(Col::ServerProcessingS, "cmp-upstream-response-duration"),
    header_ms(Col::ServerProcessingS, "x-total-time"),
    Header("server-timing", To::Col(Col::ServerProcessingS), Unit::ServerTiming),
    header(Col::ServerTtftS, "fireworks-server-time-to-first-token"),
    header(Col::QueueWaitS, "fireworks-prefill-queue-duration"),
    header_ms(Col::QueueWaitS, "x-queue-time"),
    header(Col::PrefillS, "fireworks-prefill-duration"),
    header(Col::ServerDecodeS, "fireworks-generation-duration"),
    header(Col::RunningRequests, "fireworks-num-concurrent-requests"),
    Header(
        "fireworks-speculation-acceptance",
        To::Col(Col::SpecAcceptanceRatio),
        Unit::HitsOfTotals,
    ),
    header(Col::CacheReadTokens, "fireworks-cached-prompt-tokens"),
    header(Col::CacheReadTokens, "x-amzn-bedrock-cache-read-input-token-count"),
    header(Col::CacheWriteTokens, "x-amzn-bedrock-cache-write-input-token-count"),
    header(Col::RateLimitTokens, "x-ratelimit-limit-tokens"),
    header(Col::RateLimitTokens, "x-ratelimit-limit-tokens-minute"),
    header(Col::RateLimitTokens, "anthropic-ratelimit-tokens-limit"),
    header(Col::RateLimitTokens, "anthropic-ratelimit-input-tokens-limit"),
    header(Col::RateLimitTokensLeft, "x-ratelimit-remaining-tokens"),
    header(Col::RateLimitTokensLeft, "x-ratelimit-remaining-tokens-minute"),
    header(Col::RateLimitTokensLeft, "anthropic-ratelimit-tokens-remaining"),
    header(Col::RateLimitTokensLeft, "anthropic-ratelimit-input-tokens-remaining"),
    header(Col::RateLimitRequests, "x-ratelimit-limit-requests"),
    header(Col::RateLimitRequests, "anthropic-ratelimit-requests-limit"),
    header(Col::RateLimitRequestsLeft, "x-ratelimit-remaining-requests"),
    header(Col::RateLimitRequestsLeft, "anthropic-ratelimit-requests-remaining"),
    header(Col::ServiceTier, "x-amzn-bedrock-service-tier"),
    header(Col::ServiceTier, "x-gemini-service-tier"),
    Header("x-ms-is-spilled-over", To::Segment("x-ms-is-spilled-over"), Unit::Plain),
    Header("content-type", To::Col(Col::Streaming), Unit::Contains("event-stream")),
];

/// Both spellings of every header: the conventions keep dashes, Python writes underscores.
static HEADER_FIELDS: std::sync::LazyLock<Vec<(String, To, Unit)>> =
    std::sync::LazyLock::new(|| {
        let spell = |header: &Header| {
            let dashes = format!("http.response.header.{}", header.0);
            let underscores = format!("http.response.header.{}", header.0.replace('-', "_"));
            let mut both = vec![(dashes, header.1, header.2), (underscores, header.1, header.2)];
            both.dedup_by(|a, b| a.0 == b.0);
            both
        };
        HEADERS.iter().flat_map(spell).collect()
    });

/// The header rules, in order.
pub fn header_fields() -> impl Iterator<Item = Field> {
    HEADER_FIELDS.iter().map(|(name, to, unit)| Field {
        to: *to,
        from: From::Attr(name.as_str()),
        unit: *unit,
    })
}

/// How the path of a request that has an answer generated ends, or what stands in it.
pub const GENERATING: [&str; 11] = [
    "/completions",
    "/responses",
    "/messages",
    "/complete",
    "enerateContent",
    "/converse",
    "/converse-stream",
    "/invoke",
    "/invoke-with-response-stream",
    "/generate",
    "/chat",
];

/// The attributes that hold the URL or path of a request.
pub fn url_attributes() -> Vec<&'static str> {
    let url = |field: &Field| match (field.to, field.from) {
        (To::Clue(Clue::UrlPath), From::Attr(name)) => Some(name),
        _ => None,
    };
    FIELDS.iter().filter_map(url).collect()
}

const FIELDS: &[Field] = &[
    resource(Col::ServiceName, "service.name"),
    attr(Col::HttpStatus, "http.response.status_code"),
    attr(Col::HttpStatus, "http.status_code"),
    attr(Col::ErrorType, "error.type"),
    Field {
        to: To::Col(Col::ErrorType),
        from: From::EventAttr("exception", "exception.type"),
        unit: Unit::Plain,
    },
    attr(Col::ServerAddress, "server.address"),
    attr(Col::ServerAddress, "url.full").unit(Unit::Host),
    attr(Col::ServerAddress, "http.url").unit(Unit::Host),
    attr(Col::ServerAddress, "net.peer.name"),
    attr(Col::ServerAddress, "http.host"),
    clue(Clue::UrlPath, "url.full").unit(Unit::UrlPath),
    clue(Clue::UrlPath, "http.url").unit(Unit::UrlPath),
    clue(Clue::UrlPath, "url.path").unit(Unit::UrlPath),
    clue(Clue::UrlPath, "http.target").unit(Unit::UrlPath),
    clue(Clue::Resends, "http.request.resend_count"),
];

const ANY_CLIENT: &[Test] = &[Test::Kind(SpanKind::Client)];
const UNSTATED: &[Test] = &[Test::Kind(SpanKind::Unspecified)];

/// The table of the attempts; its spans are never calls.
pub static DIALECT: Dialect = Dialect {
    id: "http",
    title: "HTTP client spans",
    source: "OpenTelemetry HTTP conventions; response headers of recorded provider traffic",
    signs: &[
        &[Test::Has("http.request.method")],
        &[Test::Has("http.method")],
        &[Test::Has("url.full")],
        &[Test::Has("http.url")],
    ],
    spans: &[rule(ANY_CLIENT, Part::Attempt), rule(UNSTATED, Part::Attempt)],
    fields: &[FIELDS],
    chunks: &[],
    tokens: WHOLE,
    streaming: Streaming::Said,
    rank: 0,
    span_per_attempt: false,
    notes: &[
        "An attempt is never a row: it lends its call the request id of the last attempt, its status, \
         region, edge and processing time, and the time lost before it.",
        "Python's HTTP spans end at the headers, Node's at the body: neither end is the call's.",
        "`cf-ray` names the network edge that the client reached, not the serving region.",
        "`retry-after` on a success is no throttling, and is not read.",
        "On a stream the processing time ends at the headers.",
        "Groq's request limit is of a day, its token limit of a minute; Anthropic's limit of input \
         tokens leaves cache reads out.",
    ],
};
