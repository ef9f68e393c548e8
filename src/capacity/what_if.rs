//! Suppositions: the same requests with other prompts, answers, caching, drafts, replicas or mix.

use super::caching;
use super::fit::Fitted;
use super::recording::Recording;
use crate::error::{Error, Result};

/// What is supposed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WhatIf {
    /// Share of prompt tokens read from the cache.
    pub cache_hit_ratio: Option<f64>,
    /// Share of draft tokens accepted.
    pub acceptance_ratio: Option<f64>,
    /// Multiplies prompts.
    pub prompt_factor: Option<f64>,
    /// Multiplies answers.
    pub output_factor: Option<f64>,
    /// Replicas more (or less).
    pub more_replicas: Option<i32>,
    /// A service and its share of the calls.
    pub mix: Option<(String, f64)>,
}

impl WhatIf {
    /// In words, one each.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(ratio) = self.cache_hit_ratio {
            words.push(format!("{} of prompt tokens read from the cache", percent(ratio)));
        }
        if let Some(ratio) = self.acceptance_ratio {
            words.push(format!("{} of draft tokens accepted", percent(ratio)));
        }
        if let Some(factor) = self.prompt_factor {
            words.push(format!("prompts {factor} times as long"));
        }
        if let Some(factor) = self.output_factor {
            words.push(format!("answers {factor} times as long"));
        }
        if let Some(more) = self.more_replicas {
            let noun = if more.abs() == 1 { "replica" } else { "replicas" };
            words.push(format!("{more:+} {noun}"));
        }
        if let Some((service, share)) = &self.mix {
            words.push(format!("{} of calls from {service}", percent(*share)));
        }
        words
    }

    /// The recording as it would be.
    ///
    /// # Errors
    /// A supposition that these calls give no ground for.
    pub fn recording(&self, recording: &Recording) -> Result<Recording> {
        let mut changed = recording.clone();
        if let Some(ratio) = self.cache_hit_ratio {
            caching::supposed(&mut changed, ratio);
        }
        if let Some(ratio) = self.acceptance_ratio {
            let draft = recording.reported.draft_tokens;
            if draft == 0 {
                return Err(Error::usage(
                    "--acceptance: these calls report no draft tokens",
                    "record the proposed and accepted draft tokens of each call (docs/attributes.md)",
                ));
            }
            // Each iteration yields its own token and the accepted ones of its draft.
            let per_step = 1.0 + ratio * f64::from(draft);
            for request in &mut changed.requests {
                request.steps = ((request.output_tokens - 1.0) / per_step).ceil().max(0.0);
            }
        }
        for request in &mut changed.requests {
            if let Some(factor) = self.prompt_factor {
                request.prompt_tokens = (request.prompt_tokens * factor).round().max(1.0);
                request.cached_tokens =
                    (request.cached_tokens * factor).min(request.prompt_tokens - 1.0).max(0.0);
            }
            if let Some(factor) = self.output_factor {
                request.output_tokens = (request.output_tokens * factor).round().max(1.0);
                request.steps = (request.steps * factor).round().min(request.output_tokens - 1.0);
            }
        }
        if let Some(factor) = self.output_factor {
            lengthen_pasts(&mut changed, recording, factor);
        }
        Ok(changed)
    }

    /// The deployments as they would be.
    ///
    /// # Errors
    /// No replica would be left.
    pub fn members(&self, members: &[Fitted]) -> Result<Vec<Fitted>> {
        let more = self.more_replicas.unwrap_or(0);
        let now = members.first().map_or(1, |member| member.structure.replicas);
        if i64::try_from(now).unwrap_or(1) + i64::from(more) < 1 {
            let message = format!("--replicas {more:+}: of {now} that serve it now none is left");
            let help = "take fewer away; --replicas-now says how many there are";
            return Err(Error::usage(message, help));
        }
        let change = |member: &Fitted| {
            let mut member = member.clone();
            let replicas = i64::try_from(member.structure.replicas).unwrap_or(1) + i64::from(more);
            member.structure.replicas = usize::try_from(replicas.max(1)).unwrap_or(1);
            member
        };
        Ok(members.iter().map(change).collect())
    }

    /// What multiplies each service's calls.
    ///
    /// # Errors
    /// A service that made none of the calls.
    pub fn mix(&self, recording: &Recording) -> Result<Vec<f64>> {
        let count = recording.services.len().max(1);
        let Some((service, share)) = &self.mix else { return Ok(vec![1.0; count]) };
        let Some(at) = recording.services.iter().position(|name| name == service) else {
            return Err(Error::usage(
                format!("--mix: no call is of the service {service}"),
                format!("these calls are of {}", recording.services.join(", ")),
            ));
        };
        let of = |request: &&super::recording::Request| request.service as usize == at;
        let now = recording.requests.iter().filter(of).count() as f64
            / recording.requests.len().max(1) as f64;
        let others = if now < 1.0 { (1.0 - share) / (1.0 - now) } else { 1.0 };
        Ok((0..count).map(|index| if index == at { share / now } else { others }).collect())
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

/// Longer answers make longer prompts of the calls that follow them in their session: what such a
/// call repeats of its past grows, and as much of it is cached as was of the past.
fn lengthen_pasts(changed: &mut Recording, recording: &Recording, factor: f64) {
    let mut more = vec![0.0; recording.requests.len()];
    for (at, before) in recording.requests.iter().enumerate() {
        let Some((next, _)) = before.next else { continue };
        let after = &recording.requests[next];
        if !before.carried_by(after) {
            continue;
        }
        more[next] = more[at] + (factor - 1.0) * before.output_tokens;
        let past = before.prompt_tokens + before.output_tokens;
        let cached_share = (after.cached_tokens / past).min(1.0);
        let request = &mut changed.requests[next];
        request.prompt_tokens = (request.prompt_tokens + more[next]).round().max(1.0);
        request.cached_tokens = (request.cached_tokens + more[next] * cached_share)
            .round()
            .min(request.prompt_tokens - 1.0)
            .max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::recording::request;
    use super::*;

    #[test]
    fn longer_answers_make_longer_pasts() {
        let mut first = request(0.0, 100.0, 0.0, 50.0);
        first.next = Some((1, 1.0));
        let mut second = request(5.0, 200.0, 150.0, 40.0);
        (second.next, second.follows) = (Some((2, 1.0)), true);
        let mut third = request(9.0, 300.0, 120.0, 10.0);
        third.follows = true;
        let recording = Recording::of_requests(vec![first, second, third]);
        let what_if = WhatIf { output_factor: Some(2.0), ..WhatIf::default() };
        let changed = what_if.recording(&recording).unwrap().requests;
        assert_eq!(changed[0].prompt_tokens, 100.0);
        assert_eq!((changed[1].prompt_tokens, changed[1].cached_tokens), (250.0, 200.0));
        // Ninety more to read, half of the past cached.
        assert_eq!((changed[2].prompt_tokens, changed[2].cached_tokens), (390.0, 165.0));
        assert_eq!(changed[2].output_tokens, 20.0);
    }
}
