//! What each provider's support asks for: the header of its request id, and what only the
//! customer can fill in.

use crate::diagnosis::Cause;
use crate::report::neutral;

/// One provider's habits.
#[derive(Debug)]
pub(super) struct Form {
    /// For a person; empty for a provider without a form of its own.
    title: &'static str,
    /// Names under which spans know it, in OpenTelemetry's spelling and older ones.
    names: &'static [&'static str],
    /// Which id the listed one is, and where it comes from.
    pub id: &'static str,
    /// What the form asks and no span should carry.
    pub fill_in: &'static [&'static str],
}

/// The providers whose forms are known.
static FORMS: [Form; 8] = [
    Form {
        title: "OpenAI",
        names: &["openai"],
        id: "x-request-id of the response",
        fill_in: &["Organization id", "Project id"],
    },
    Form {
        title: "Anthropic",
        names: &["anthropic"],
        id: "request-id of the response",
        fill_in: &["Organization or workspace"],
    },
    Form {
        title: "Azure OpenAI",
        names: &[
            "azure.ai.openai",
            "az.ai.openai",
            "azure.ai.inference",
            "az.ai.inference",
            "azure",
            "azure_openai",
        ],
        id: "apim-request-id of the response",
        fill_in: &["Resource name", "Subscription id", "Deployment type (PTU, standard, global)"],
    },
    Form {
        title: "Amazon Bedrock",
        names: &["aws.bedrock", "aws_bedrock", "bedrock", "amazon_bedrock"],
        id: "x-amzn-requestid of the response",
        fill_in: &["Account id", "Inference profile or provisioned model"],
    },
    Form {
        title: "Google Vertex AI or Gemini",
        names: &[
            "gcp.vertex_ai",
            "gcp.gemini",
            "gcp.gen_ai",
            "vertex_ai",
            "vertexai",
            "gemini",
            "google",
            "google_genai",
        ],
        id: "Google sends no request id header; the response id is responseId of the body",
        fill_in: &["Project id", "Quota type (pay as you go, provisioned throughput)"],
    },
    Form {
        title: "Groq",
        names: &["groq"],
        id: "x-request-id of the response",
        fill_in: &["Organization id"],
    },
    Form {
        title: "Mistral AI",
        names: &["mistral_ai", "mistralai", "mistral"],
        id: "mistral-correlation-id or x-kong-request-id of the response",
        fill_in: &["Workspace"],
    },
    Form {
        title: "Cohere",
        names: &["cohere"],
        id: "x-debug-trace-id of the response",
        fill_in: &["Organization id"],
    },
];

/// For every other provider.
static GENERIC: Form =
    Form { title: "", names: &[], id: "request id of the HTTP response", fill_in: &["Account"] };

impl Form {
    /// The form of a provider, by any name that spans or people use for it.
    pub(super) fn of(provider: &str) -> &'static Self {
        let name = provider.trim().to_lowercase();
        FORMS.iter().find(|form| form.names.contains(&&*name)).unwrap_or(&GENERIC)
    }

    /// What a provider is called.
    pub(super) fn title(&self, provider: Option<&str>) -> String {
        match (self.title, provider) {
            ("", None) => "not told by our spans".to_owned(),
            ("", Some(name)) => neutral::line(name),
            (title, _) => title.to_owned(),
        }
    }

    /// Whether an id that `issued` gave belongs into a ticket for `asked`: providers of the
    /// same form do, and two unknown ones only under one name.
    pub(super) fn covers(&self, asked: &str, issued: &str) -> bool {
        !self.names.is_empty() || asked.eq_ignore_ascii_case(issued)
    }
}

/// What the provider is asked to look at.
pub(super) const fn question(cause: Cause) -> &'static str {
    match cause {
        Cause::CacheMissEvicted => {
            "Was the prompt cache flushed, moved or cut in size? Our prefix was unchanged and in use."
        }
        Cause::PrefillQueueing => {
            "Did requests wait before prefill for this model and region, and is it over?"
        }
        Cause::DecodeContention => {
            "Were these requests batched with heavier load, and what keeps it from coming back?"
        }
        Cause::CapacityEvent => {
            "Did the capacity behind this model and region change at that time?"
        }
        Cause::AcceptanceDropDraftSwap => {
            "Did the draft model or the set-up of speculative decoding change at that time?"
        }
        Cause::RegionChange => "Why were our requests served from another region, and until when?",
        Cause::PoolChange => "Why were our requests served by other hardware or another backend?",
        Cause::ModelChange => "Did the model or build served under the same name change?",
        _ => "Do you see the same on your side for the requests above, and why?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_found_by_each_of_its_names() {
        assert_eq!(Form::of("azure.ai.openai").title, "Azure OpenAI");
        assert_eq!(Form::of(" Bedrock ").title, "Amazon Bedrock");
        assert_eq!(Form::of("our-gateway").title(Some("our-gateway")), "our-gateway");
    }
}
