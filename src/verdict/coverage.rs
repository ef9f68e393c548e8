//! How many calls carry each column on which a diagnosis rests.

use crate::calls::CallTable;
use crate::diagnosis::Coverage;
use crate::schema::Col;
use crate::windows::Split;

/// The columns that a diagnosis rests on.
const COVERED: [Col; 20] = [
    Col::DurationS,
    Col::TtftS,
    Col::ItlS,
    Col::InputTokens,
    Col::CacheReadTokens,
    Col::OutputTokens,
    Col::CacheMissReason,
    Col::QueueWaitS,
    Col::BatchSize,
    Col::SpecAcceptedTokens,
    Col::RequestId,
    Col::ResponseModel,
    Col::Region,
    Col::PoolId,
    Col::SystemFingerprint,
    Col::PromptName,
    Col::PromptVersion,
    Col::PromptHash,
    Col::Tenant,
    Col::Attempts,
];

/// The share of the calls on each side.
pub fn coverage(table: &CallTable, split: &Split) -> Vec<Coverage> {
    let baseline = split.baseline_row_indices();
    let window: Vec<usize> = split.window_rows.clone().collect();
    COVERED
        .iter()
        .map(|col| {
            let carried = table.known(*col);
            let share = |rows: &[usize]| {
                let with = rows.iter().filter(|row| carried.get(**row) == Some(&true)).count();
                if rows.is_empty() { 0.0 } else { with as f64 / rows.len() as f64 }
            };
            Coverage {
                column: col.name().to_owned(),
                baseline_share: share(&baseline),
                window_share: share(&window),
            }
        })
        .collect()
}
