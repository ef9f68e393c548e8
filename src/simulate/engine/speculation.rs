//! Speculative decoding: how many tokens an iteration yields at a given acceptance.

use crate::simulate::rng::Rng;

/// Expected tokens per iteration with `draft` proposed tokens, each accepted with probability
/// `acceptance` while all before it were: (1 - a^(g+1)) / (1 - a) (Leviathan et al., 2023).
pub fn tokens_per_step(acceptance: f64, draft: u32) -> f64 {
    let powers = (0..=draft).scan(1.0, |power, _| {
        let now = *power;
        *power *= acceptance;
        Some(now)
    });
    powers.sum()
}

/// The tokens of each iteration until `tokens` are out. Without a draft each yields one.
pub fn draw_steps(tokens: u32, acceptance: f64, draft: u32, rng: &mut Rng) -> Vec<u16> {
    let mut steps = Vec::new();
    let mut left = tokens;
    while left > 0 {
        let mut step: u32 = 1;
        while step <= draft && rng.uniform() < acceptance {
            step += 1;
        }
        let step = step.min(left);
        left -= step;
        steps.push(u16::try_from(step).unwrap_or(u16::MAX));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_steps_average_the_expected_tokens() {
        let steps = draw_steps(60_000, 0.7, 4, &mut Rng::keyed(&[3]));
        let mean = 60_000.0 / steps.len() as f64;
        assert!((mean / tokens_per_step(0.7, 4) - 1.0).abs() < 0.02);
        assert!((tokens_per_step(0.8, 4) - 3.3616).abs() < 1e-9);
        assert_eq!(draw_steps(3, 0.0, 4, &mut Rng::keyed(&[3])), [1, 1, 1]);
        assert_eq!(draw_steps(2, 0.9, 0, &mut Rng::keyed(&[3])), [1, 1]);
    }
}
