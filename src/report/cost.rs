//! What a window cost, in sentences.

use super::{numbers, wording};
use crate::diagnosis::cost::{Cost, Money, Tokens};

/// The bill in tokens, then in money where prices are known.
pub fn sentences(cost: &Cost) -> String {
    let mut text = format!(
        "{} took {}; as many of the same kinds usually take {}.",
        wording::calls(cost.calls),
        tokens(&cost.window),
        tokens(&cost.usual)
    );
    if let Some(found) = &cost.money {
        text.push(' ');
        text.push_str(&money(found));
    }
    if cost.left_out > 0 {
        let calls = wording::calls(cost.left_out);
        text.push_str(&format!(" {calls} left out: their tokens or their kind's are not known."));
    }
    text
}

fn tokens(tokens: &Tokens) -> String {
    let parts = [
        (tokens.uncached, "uncached"),
        (tokens.cache_read, "cached"),
        (tokens.cache_write, "cache-write"),
        (tokens.output, "output"),
    ];
    let told = parts.iter().filter(|(count, what)| *count > 0.0 || *what == "uncached");
    let told: Vec<String> =
        told.map(|(count, what)| format!("{} {what}", numbers::decimals(*count, 0))).collect();
    format!("{} tokens", told.join(" + "))
}

fn money(money: &Money) -> String {
    let amount = |value: f64| {
        let places = if value.abs() < 10.0 { 4 } else { 2 };
        numbers::decimals(value, places)
    };
    let sign = |value: f64| if value > 0.0 { format!("+{}", amount(value)) } else { amount(value) };
    let interval = match (money.low, money.high) {
        (Some(low), Some(high)) => format!(" [{}, {}]", sign(low), sign(high)),
        _ => String::new(),
    };
    format!(
        "That is {} {}{interval} on {} at list prices of {}.",
        money.currency,
        sign(money.added),
        amount(money.usual),
        money.prices_as_of
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_cache_reads_as_a_larger_bill() {
        let of =
            |uncached, cache_read| Tokens { uncached, cache_read, cache_write: 0.0, output: 5e3 };
        let money = Money {
            currency: "USD".to_owned(),
            prices_as_of: "2026-05-07".to_owned(),
            priced_calls: 10,
            window: 12.5,
            usual: 3.25,
            added: 9.25,
            low: Some(8.0),
            high: Some(10.5),
        };
        let cost = Cost {
            calls: 10,
            left_out: 2,
            window: of(1e6, 0.0),
            usual: of(1e5, 9e5),
            money: Some(money),
        };
        assert_eq!(
            sentences(&cost),
            "10 calls took 1,000,000 uncached + 5,000 output tokens; as many of the same kinds \
             usually take 100,000 uncached + 900,000 cached + 5,000 output tokens. That is USD \
             +9.2500 [+8.0000, +10.50] on 3.2500 at list prices of 2026-05-07. 2 calls left out: \
             their tokens or their kind's are not known."
        );
    }
}
