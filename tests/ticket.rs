//! The ticket: all that support asks for, nothing of the customer's own.

#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use llmspan::diagnosis::*;
use llmspan::report::ticket::render;
use support::{conclusions, incident};

/// A diagnosis whose first cause is the provider's.
fn theirs() -> Diagnosis {
    let mut diagnosis = incident::diagnosis();
    diagnosis.diagnoses.remove(0);
    diagnosis.diagnoses[0].rank = 1;
    diagnosis
}

#[test]
fn a_ticket_says_what_changed_since_when_where_and_lists_the_worst_calls() {
    insta::assert_snapshot!(render(&theirs(), None, 2));
}

#[test]
fn the_provider_is_asked_about_its_own_cause_and_the_sender_is_warned_that_it_is_not_the_first() {
    let text = render(&incident::diagnosis(), Some("anthropic"), 20);
    assert!(text.starts_with("[Before sending: the first cause is cache_miss_prompt_changed"));
    assert!(text.contains("Why were our requests served from another region"));
}

#[test]
fn the_sender_is_warned_when_nothing_is_the_providers() {
    let mut diagnosis = incident::diagnosis();
    diagnosis.diagnoses.truncate(1);
    let text = render(&diagnosis, None, 20);
    assert!(text.starts_with("[Before sending: the cause is not the provider's."), "{text}");
}

#[test]
fn each_provider_gets_its_own_id_and_its_own_questions() {
    for (provider, header, asked) in [
        ("openai", "x-request-id", "Organization id"),
        ("anthropic", "request-id", "Organization or workspace"),
        ("azure.ai.openai", "apim-request-id", "Subscription id"),
        ("aws.bedrock", "x-amzn-requestid", "Account id"),
        ("gcp.vertex_ai", "responseId", "Project id"),
        ("our-gateway", "request id of the HTTP response", "Account"),
    ] {
        let text = render(&theirs(), Some(provider), 20);
        assert!(text.contains(header), "{provider}: {text}");
        assert!(text.contains(&format!("  {asked}:\n")), "{provider}");
    }
}

#[test]
fn ids_of_other_providers_stay_out() {
    let mut diagnosis = theirs();
    diagnosis.diagnoses[0].request_ids[1].provider = Some("openai".to_owned());
    let other = diagnosis.diagnoses[0].request_ids[1].request_id.clone();
    let own = diagnosis.diagnoses[0].request_ids[0].request_id.clone();
    let text = render(&diagnosis, None, 20);
    assert!(text.contains(&own) && !text.contains(&other));
    let text = render(&diagnosis, Some("openai"), 20);
    assert!(!text.contains(&own) && text.contains(&other));
}

#[test]
fn nothing_that_names_users_or_the_customers_own_systems_enters() {
    const SECRET: &str = "tenant-4711 of payroll-service";
    let mut diagnosis = theirs();
    let cause = &mut diagnosis.diagnoses[0];
    for name in
        ["service.name", "tenant.id", "session.id", "user.id", "gen_ai.prompt.name", "attr.x"]
    {
        cause.segment.insert(name.to_owned(), SECRET.to_owned());
    }
    cause.summary = SECRET.to_owned();
    cause.next_steps = vec![SECRET.to_owned()];
    cause.evidence[0].note = Some(SECRET.to_owned());
    cause.evidence.push(Evidence { signal: SECRET.to_owned(), ..cause.evidence[0].clone() });
    diagnosis.headline = SECRET.to_owned();
    diagnosis.notes = vec![SECRET.to_owned()];
    diagnosis.ruled_out[0].because = SECRET.to_owned();
    diagnosis.ingest.files[0].file = SECRET.to_owned();
    let charts = diagnosis.charts.as_mut().unwrap();
    let mut own = charts.shares[0].clone();
    own.column = "prompt_version".to_owned();
    own.values[0].value = SECRET.to_owned();
    charts.shares.push(own);
    let text = render(&diagnosis, None, 20);
    assert!(!text.contains("4711") && !text.contains("payroll"), "{text}");
    assert!(text.contains("region eu-west-1"), "{text}");
}

#[test]
fn control_characters_in_ids_are_shown_and_not_sent() {
    let mut diagnosis = theirs();
    diagnosis.diagnoses[0].request_ids[0].request_id = "req_\u{1b}[2J\nSubject: pwned".to_owned();
    let text = render(&diagnosis, None, 20);
    assert!(!text.contains('\u{1b}') && !text.contains("\nSubject: pwned"), "{text}");
}

#[test]
fn there_is_no_ticket_where_there_is_nothing_to_report() {
    for diagnosis in [conclusions::no_spike(), conclusions::insufficient(), conclusions::empty()] {
        let text = render(&diagnosis, None, 20);
        assert!(text.starts_with("There is nothing to put before a provider"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}
