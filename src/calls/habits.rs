//! How each library counts cached tokens, as far as the whole dump tells.

use crate::calls::draft::Draft;
use crate::calls::trace::Row;
use crate::dialects::{Absent, Zero};
use crate::schema::Col;

/// What the whole dump tells of how each library counts cached tokens.
#[derive(Debug, Default)]
pub struct CacheHabits {
    seen: Vec<(HabitOf, Habit)>,
}

/// A dialect, a scope, a provider.
type HabitOf = (&'static str, String, String);

/// What a library was seen to write.
#[derive(Debug, Default, Clone, Copy)]
pub struct Habit {
    /// A positive count.
    pub positive: bool,
    /// A zero.
    pub zero: bool,
}

fn habit_of<'d>(draft: &'d Draft<'_>) -> (&'static str, &'d str, &'d str) {
    let text = |col| draft.call.text(col).unwrap_or_default();
    (draft.dialect.id, draft.scope, text(Col::Provider))
}

impl CacheHabits {
    /// Looks at every row; their attempts must be settled.
    pub fn of<'r>(rows: impl Iterator<Item = &'r Row<'r>>) -> Self {
        let mut habits = Self::default();
        for row in rows {
            if let Some(read) = row.draft.call.int(Col::CacheReadTokens) {
                let place = habits.place_for(habit_of(&row.draft));
                habits.see(place, read > 0);
            }
        }
        habits
    }

    /// The habit of the library that wrote a row.
    pub fn get(&self, draft: &Draft) -> Habit {
        self.place(habit_of(draft)).map(|at| self.seen[at].1).unwrap_or_default()
    }

    fn see(&mut self, place: usize, positive: bool) {
        let habit = &mut self.seen[place].1;
        habit.positive |= positive;
        habit.zero |= !positive;
    }

    /// Where a habit stands: a dump has few of them.
    fn place(&self, of: (&str, &str, &str)) -> Option<usize> {
        self.seen.iter().position(|((dialect, scope, provider), _)| {
            (*dialect, scope.as_str(), provider.as_str()) == of
        })
    }

    fn place_for(&mut self, of: (&'static str, &str, &str)) -> usize {
        self.place(of).unwrap_or_else(|| {
            self.seen.push(((of.0, of.1.to_owned(), of.2.to_owned()), Habit::default()));
            self.seen.len() - 1
        })
    }
}

/// What single rows show, so that those which are made once more can be left out.
#[derive(Debug, Default)]
pub struct Shown {
    libraries: CacheHabits,
    /// The trace of each row, its library, and whether its count is positive.
    rows: Vec<(usize, usize, bool)>,
}

impl Shown {
    /// Notes a row; its attempts must be settled.
    pub fn note(&mut self, trace: usize, row: &Row) {
        let tokens = row.draft.dialect.tokens;
        let learned = tokens.absent_cache == Absent::Learned || tokens.zero_cache == Zero::Learned;
        if let (true, Some(read)) = (learned, row.draft.call.int(Col::CacheReadTokens)) {
            let library = self.libraries.place_for(habit_of(&row.draft));
            self.rows.push((trace, library, read > 0));
        }
    }

    /// Adds what is shown by the rows of traces that are not tied to others.
    pub fn add_to(&self, habits: &mut CacheHabits, tied: &[bool]) {
        for (trace, library, positive) in &self.rows {
            if !tied[*trace] {
                let (dialect, scope, provider) = &self.libraries.seen[*library].0;
                let place = habits.place_for((dialect, scope, provider));
                habits.see(place, *positive);
            }
        }
    }
}

/// Whether a row cannot be finished before the habits of the whole dump are known; its attempts
/// must be settled.
pub fn decide(row: &Row) -> bool {
    let tokens = row.draft.dialect.tokens;
    match row.draft.call.int(Col::CacheReadTokens) {
        Some(0) => tokens.zero_cache == Zero::Learned,
        Some(_) => false,
        None => tokens.absent_cache == Absent::Learned,
    }
}
