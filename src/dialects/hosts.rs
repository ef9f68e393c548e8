//! Who serves, and from where, as far as host names and provider names tell.

use std::borrow::Cow;

/// Host patterns: how the host ends (or is), the provider in OpenTelemetry's names, and the label
/// that holds the region, counted from the left, where it holds one.
///
/// Sources: the providers' endpoint references (AWS service endpoints, Vertex AI locations, Azure
/// `OpenAI` and AI Foundry endpoints) and the base URLs of their SDKs.
const HOSTS: [(&str, &str, Option<Label>); 24] = [
    ("api.openai.com", "openai", None),
    ("eu.api.openai.com", "openai", Some(Label::First)),
    ("us.api.openai.com", "openai", Some(Label::First)),
    (".openai.azure.com", "azure.ai.openai", None),
    (".cognitiveservices.azure.com", "azure.ai.openai", None),
    (".services.ai.azure.com", "azure.ai.inference", None),
    (".models.ai.azure.com", "azure.ai.inference", Some(Label::Cloud)),
    (".inference.ml.azure.com", "azure.ai.inference", Some(Label::Second)),
    ("api.anthropic.com", "anthropic", None),
    (".amazonaws.com", "aws.bedrock", Some(Label::Second)),
    ("-aiplatform.googleapis.com", "gcp.vertex_ai", Some(Label::VertexPrefix)),
    ("aiplatform.googleapis.com", "gcp.vertex_ai", None),
    ("generativelanguage.googleapis.com", "gcp.gemini", None),
    ("api.groq.com", "groq", None),
    ("api.mistral.ai", "mistral_ai", None),
    ("api.cohere.com", "cohere", None),
    ("api.deepseek.com", "deepseek", None),
    ("api.perplexity.ai", "perplexity", None),
    ("api.x.ai", "x_ai", None),
    (".ml.cloud.ibm.com", "ibm.watsonx.ai", Some(Label::First)),
    ("api.together.xyz", "together_ai", None),
    ("api.together.ai", "together_ai", None),
    ("api.fireworks.ai", "fireworks_ai", None),
    ("openrouter.ai", "openrouter", None),
];

/// Which part of a host name holds the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    /// The first label.
    First,
    /// The second label.
    Second,
    /// What stands before `-aiplatform` in the first label.
    VertexPrefix,
    /// Whichever label is a cloud region.
    Cloud,
}

/// Provider names as instrumentations write them, and OpenTelemetry's name for them.
const PROVIDERS: [(&str, &str); 41] = [
    ("openai", "openai"),
    ("azure", "azure.ai.openai"),
    ("az.ai.openai", "azure.ai.openai"),
    ("azure.ai.openai", "azure.ai.openai"),
    ("azure_openai", "azure.ai.openai"),
    ("azure-openai", "azure.ai.openai"),
    ("az.ai.inference", "azure.ai.inference"),
    ("azure_ai", "azure.ai.inference"),
    ("azure.ai.inference", "azure.ai.inference"),
    ("anthropic", "anthropic"),
    ("aws", "aws.bedrock"),
    ("bedrock", "aws.bedrock"),
    ("aws_bedrock", "aws.bedrock"),
    ("amazon-bedrock", "aws.bedrock"),
    ("amazon_bedrock", "aws.bedrock"),
    ("bedrock_converse", "aws.bedrock"),
    ("aws.bedrock", "aws.bedrock"),
    ("gemini", "gcp.gemini"),
    ("google", "gcp.gemini"),
    ("google_genai", "gcp.gemini"),
    ("google-gla", "gcp.gemini"),
    ("google.generative-ai", "gcp.gemini"),
    ("gcp.gemini", "gcp.gemini"),
    ("gcp.gen_ai", "gcp.gen_ai"),
    ("vertex_ai", "gcp.vertex_ai"),
    ("vertexai", "gcp.vertex_ai"),
    ("google-vertex", "gcp.vertex_ai"),
    ("google.vertex", "gcp.vertex_ai"),
    ("gcp.vertex_ai", "gcp.vertex_ai"),
    ("mistral", "mistral_ai"),
    ("mistralai", "mistral_ai"),
    ("mistral_ai", "mistral_ai"),
    ("xai", "x_ai"),
    ("x_ai", "x_ai"),
    ("watsonx", "ibm.watsonx.ai"),
    ("ibm.watsonx.ai", "ibm.watsonx.ai"),
    ("together", "together_ai"),
    ("together_ai", "together_ai"),
    ("fireworks", "fireworks_ai"),
    ("fireworks_ai", "fireworks_ai"),
    ("hosted_vllm", "vllm"),
];

/// OpenTelemetry's name of a provider that an instrumentation wrote in its own way
/// (`openai.chat`, `az.ai.openai`, `OpenAI`); other names are kept in lower case.
pub fn provider_name(written: &str) -> Cow<'static, str> {
    let find = |name: &str| PROVIDERS.iter().find(|(have, _)| *have == name).map(|(_, to)| *to);
    if let Some(to) = find(written) {
        return to.into();
    }
    let lower = written.trim().to_ascii_lowercase();
    let found = find(&lower).or_else(|| {
        // Vercel writes `provider.kind`: `openai.chat`, `anthropic.messages`.
        let (head, _) = lower.rsplit_once('.')?;
        find(head)
    });
    found.map_or(lower.into(), Cow::Borrowed)
}

/// The provider behind a host, where the host is a known one.
pub fn provider_of(host: &str) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    find(&host).map(|(_, provider, _)| *provider)
}

/// The serving region in a host name, where the host says it.
pub fn region_of(host: &str) -> Option<String> {
    let host = host.to_ascii_lowercase();
    let mut labels = host.split('.');
    let region = match find(&host).and_then(|(_, _, label)| *label) {
        Some(Label::First) => labels.next(),
        Some(Label::Second) => labels.nth(1),
        Some(Label::VertexPrefix) => labels.next().and_then(|l| l.strip_suffix("-aiplatform")),
        Some(Label::Cloud) | None => labels.find(|label| is_cloud_region(label)),
    };
    region.filter(|region| !region.is_empty()).map(str::to_owned)
}

/// Hosts that were looked up before: a dump names few of them, again and again.
#[derive(Debug, Default)]
pub struct Seen {
    hosts: Vec<(Box<str>, Place)>,
}

/// The provider behind a host, and the serving region in its name.
type Place = (Option<&'static str>, Option<Box<str>>);

impl Seen {
    /// The provider behind a host and the serving region in its name; see [`provider_of`] and
    /// [`region_of`].
    pub fn place(&mut self, host: &str) -> (Option<&'static str>, Option<&str>) {
        /// Beyond this many, looking for a host costs more than it saves.
        const MOST: usize = 32;
        let at = self.hosts.iter().position(|(have, _)| **have == *host);
        let at = at.unwrap_or_else(|| {
            if self.hosts.len() == MOST {
                self.hosts.clear();
            }
            let region = region_of(host).map(Into::into);
            self.hosts.push((host.into(), (provider_of(host), region)));
            self.hosts.len() - 1
        });
        let place = self.hosts.get(at);
        place.map_or((None, None), |(_, (provider, region))| (*provider, region.as_deref()))
    }
}

/// The canonical form of a region's human name: `West US 3` is `westus3`.
pub fn region_name(written: &str) -> String {
    let plain = written.chars().filter(|c| !c.is_whitespace());
    plain.collect::<String>().to_ascii_lowercase()
}

fn find(host: &str) -> Option<&'static (&'static str, &'static str, Option<Label>)> {
    let fits = |pattern: &str| match pattern {
        // AWS serves more than models: only Bedrock's hosts count.
        ".amazonaws.com" => {
            host.ends_with(pattern)
                && (host.starts_with("bedrock-runtime.") || host.starts_with("bedrock."))
        }
        _ if pattern.starts_with(['.', '-']) => host.ends_with(pattern),
        _ => host == pattern,
    };
    HOSTS.iter().find(|(pattern, _, _)| fits(pattern))
}

/// Whether a host label has the form of an AWS (`us-west-2`) or Google Cloud (`europe-west4`)
/// region.
fn is_cloud_region(label: &str) -> bool {
    const DIRECTIONS: [&str; 9] = [
        "north",
        "south",
        "east",
        "west",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
    ];
    let parts: Vec<&str> = label.split('-').collect();
    match parts.as_slice() {
        [area, direction, number] => {
            area.len() == 2
                && area.bytes().all(|b| b.is_ascii_lowercase())
                && DIRECTIONS.contains(direction)
                && number.len() == 1
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        [area, direction] => {
            let word = direction.trim_end_matches(|c: char| c.is_ascii_digit());
            let areas = ["us", "europe", "asia", "australia", "northamerica", "southamerica", "me"];
            areas.contains(area) && word.len() < direction.len() && DIRECTIONS.contains(&word)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_tell_provider_and_region() {
        let cases = [
            ("bedrock-runtime.us-west-2.amazonaws.com", Some("aws.bedrock"), Some("us-west-2")),
            ("europe-west4-aiplatform.googleapis.com", Some("gcp.vertex_ai"), Some("europe-west4")),
            ("aiplatform.googleapis.com", Some("gcp.vertex_ai"), None),
            ("acme-westus3.openai.azure.com", Some("azure.ai.openai"), None),
            ("api.openai.com", Some("openai"), None),
            ("eu.api.openai.com", Some("openai"), Some("eu")),
            ("s3.us-west-2.amazonaws.com", None, Some("us-west-2")),
            ("vllm-gw.us-west-2.internal", None, Some("us-west-2")),
            ("127.0.0.1", None, None),
            ("", None, None),
        ];
        for (host, provider, region) in cases {
            assert_eq!(provider_of(host), provider, "{host}");
            assert_eq!(region_of(host).as_deref(), region, "{host}");
        }
    }

    #[test]
    fn providers_get_one_name() {
        for (written, name) in [
            ("openai.chat", "openai"),
            ("OpenAI", "openai"),
            ("az.ai.openai", "azure.ai.openai"),
            ("google.generative-ai", "gcp.gemini"),
            ("anthropic.messages", "anthropic"),
            ("amazon-bedrock", "aws.bedrock"),
            ("acme-gateway", "acme-gateway"),
        ] {
            assert_eq!(provider_name(written), name);
        }
    }
}
