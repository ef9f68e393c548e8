//! Every way a run can fail: the message, the line that says what to do, the exit code.

use std::path::PathBuf;

/// A failure that ends the run. `Display` is the message; [`Error::help`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments do not make sense together or against the data.
    #[error("{message}")]
    Usage {
        /// What is wrong, in one sentence.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// An input holds nothing that can be used.
    #[error("{place}: {message}")]
    Input {
        /// The file, and the place in it where known.
        place: String,
        /// What was found, and what was looked for.
        message: String,
        /// What to do about it.
        help: String,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file concerned.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An output could not be written.
    #[error("{place}: cannot write: {message}")]
    Output {
        /// The file or stream concerned.
        place: String,
        /// What went wrong.
        message: String,
    },
}

/// The result of anything that can end the run.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A usage error.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: help.into() }
    }

    /// An input error at `place` (a file, with its offset or line where known).
    pub fn input(
        place: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::Input { place: place.into(), message: message.into(), help: help.into() }
    }

    /// The same error, with what else the reader should bear in mind behind its help.
    #[must_use]
    pub fn mind(mut self, note: Option<String>) -> Self {
        if let (Self::Usage { help, .. } | Self::Input { help, .. }, Some(note)) = (&mut self, note)
        {
            *help = format!("{help}. {note}");
        }
        self
    }

    /// The line that says what to do.
    pub fn help(&self) -> &str {
        match self {
            Self::Usage { help, .. } | Self::Input { help, .. } => help,
            Self::Io { .. } => "check that the path exists and can be read",
            Self::Output { .. } => "check that the folder exists, is writable and has room",
        }
    }

    /// Whether the reader of a pipe has gone: no failure worth a word.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// The exit code of the contract: 2 for usage, 3 for input and output.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::Input { .. } | Self::Io { .. } | Self::Output { .. } => 3,
        }
    }
}
