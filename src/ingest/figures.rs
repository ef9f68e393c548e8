//! Where plain figures of a call stand, for a server that counts calls without sending them.

/// A figure that a server can count by, or sum up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// The model that was asked for.
    RequestModel,
    /// Seconds to the first chunk.
    TtftS,
    /// Tokens of the prompt.
    InputTokens,
    /// Tokens of the answer.
    OutputTokens,
    /// What failed.
    ErrorType,
    /// Status of the HTTP answer.
    HttpStatus,
}

/// Attributes of calls that hold such figures, in the order in which they are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    entries: Vec<(Figure, Box<str>, bool)>,
}

impl Figures {
    /// Adds an attribute behind those that are believed more; `millis` where it holds milliseconds.
    pub fn add(&mut self, figure: Figure, attribute: &str, millis: bool) {
        if !self.of(figure).any(|(have, _)| have == attribute) {
            self.entries.push((figure, attribute.into(), millis));
        }
    }

    /// The attributes of a figure, and whether each holds milliseconds.
    pub fn of(&self, figure: Figure) -> impl Iterator<Item = (&str, bool)> {
        let of_it = move |entry: &&(Figure, Box<str>, bool)| entry.0 == figure;
        self.entries.iter().filter(of_it).map(|(_, attribute, millis)| (&**attribute, *millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_names_an_attribute_is_believed() {
        let mut figures = Figures::default();
        figures.add(Figure::TtftS, "a", false);
        figures.add(Figure::TtftS, "b", true);
        figures.add(Figure::TtftS, "a", true);
        figures.add(Figure::RequestModel, "a", false);
        assert_eq!(figures.of(Figure::TtftS).collect::<Vec<_>>(), [("a", false), ("b", true)]);
    }
}
