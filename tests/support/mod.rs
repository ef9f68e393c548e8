//! What several tests share, by what it holds.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod browser;
pub mod conclusions;
pub mod incident;

/// The full incident with every text replaced by one that would like to be markup.
pub fn hostile() -> llmspan::diagnosis::Diagnosis {
    incident::with_every_text(
        "</script></style></title>\"'><img src=x onerror=pwned=1><script>pwned=1</script>\u{202e}",
    )
}
