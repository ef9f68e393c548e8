//! Suppositions: the same requests with other prompts, answers, caching, drafts, replicas or mix.

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
            words.push(format!("{ratio} of prompt tokens read from the cache"));
        }
        if let Some(ratio) = self.acceptance_ratio {
            words.push(format!("{ratio} of draft tokens accepted"));
        }
        if let Some(factor) = self.prompt_factor {
            words.push(format!("prompts {factor} times as long"));
        }
        if let Some(factor) = self.output_factor {
            words.push(format!("answers {factor} times as long"));
        }
        if let Some(more) = self.more_replicas {
            words.push(format!("{more:+} replicas"));
        }
        if let Some((service, share)) = &self.mix {
            words.push(format!("{share} of calls from {service}"));
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
            rehit(&mut changed, ratio);
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
        Ok(changed)
    }

    /// The deployments as they would be.
    pub fn members(&self, members: &[Fitted]) -> Vec<Fitted> {
        let more = self.more_replicas.unwrap_or(0);
        let change = |member: &Fitted| {
            let mut member = member.clone();
            let replicas = i64::try_from(member.structure.replicas).unwrap_or(1) + i64::from(more);
            member.structure.replicas = usize::try_from(replicas.max(1)).unwrap_or(1);
            member
        };
        members.iter().map(change).collect()
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

/// Brings the share of cached prompt tokens to `ratio`: every prompt gains or loses in proportion.
pub fn rehit(recording: &mut Recording, ratio: f64) {
    let prompt: f64 = recording.requests.iter().map(|request| request.prompt_tokens).sum();
    let cached: f64 = recording.requests.iter().map(|request| request.cached_tokens).sum();
    let now = cached / prompt.max(1.0);
    for request in &mut recording.requests {
        let uncached = request.prompt_tokens - request.cached_tokens;
        let wanted = if ratio >= now {
            request.prompt_tokens - uncached * (1.0 - ratio) / (1.0 - now).max(1e-9)
        } else {
            request.cached_tokens * ratio / now.max(1e-9)
        };
        request.cached_tokens = wanted.round().min(request.prompt_tokens - 1.0).max(0.0);
    }
}
