//! What a server said of itself at the time of a call, for calls whose spans do not tell.

use super::CallTable;
use super::column::Column;
use crate::schema::Col;
use crate::servers::{Gauge, ServerMetrics};

/// The columns that a server's series can fill.
const FILLED: [(Col, Gauge); 2] =
    [(Col::RunningRequests, Gauge::Running), (Col::WaitingRequests, Gauge::Waiting)];

impl CallTable {
    /// The same table with the batch and the queue at the start of each call that the metrics'
    /// server served and whose span does not tell them. With several servers nothing is filled.
    #[must_use]
    pub fn with_servers(&self, metrics: &ServerMetrics) -> Self {
        if metrics.servers().len() != 1 {
            return self.clone();
        }
        let starts_ns = self.starts_ns();
        let [requested, answered, providers] =
            [Col::RequestModel, Col::ResponseModel, Col::Provider]
                .map(|col| self.codes(col.name()));
        let served: Vec<bool> = (0..self.len())
            .map(|row| metrics.serves([requested.get(row), answered.get(row)], providers.get(row)))
            .collect();
        self.mapped(|col, _, column| {
            let gauge = FILLED.iter().find(|(have, _)| Some(*have) == col);
            let Some((col, gauge)) = gauge else { return column.cloned() };
            let told = self.ints(*col).into_iter().enumerate();
            Column::ints(told.map(|(row, told)| {
                told.or_else(|| whole(metrics.at(*gauge, starts_ns[row]).filter(|_| served[row])?))
            }))
        })
    }
}

#[allow(clippy::cast_possible_truncation, reason = "requests in a server are few")]
fn whole(value: f64) -> Option<i64> {
    (0.0..1e9).contains(&value).then(|| value.round() as i64)
}
