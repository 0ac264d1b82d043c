//! Counts the tokens of texts as a model does, by its `tokenizer.json`. Built in with the feature
//! `tokenizer` alone; without it no file can be loaded, and nothing else differs.

#[cfg_attr(not(feature = "tokenizer"), path = "absent.rs")]
mod model;

use std::fmt;
use std::path::{Path, PathBuf};

/// Whether tokenizers are built in.
pub const BUILT_IN: bool = cfg!(feature = "tokenizer");

/// A tokenizer that has been loaded.
pub struct Tokenizer {
    path: PathBuf,
    model: model::Model,
}

/// Why a file is no tokenizer, or a text has no tokens: in English, as the crate `tokenizers` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizerError(String);

impl Tokenizer {
    /// Makes a tokenizer of the text of the file at `path`.
    ///
    /// # Errors
    ///
    /// If the text is none, and always where tokenizers are not built in.
    pub fn new(path: &Path, text: &str) -> Result<Self, TokenizerError> {
        Ok(Self {
            path: path.to_owned(),
            model: model::Model::new(text).map_err(TokenizerError)?,
        })
    }

    /// Where its file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many tokens each text has, without those that would only begin or end it. Works on all
    /// processors at once.
    ///
    /// # Errors
    ///
    /// If a text has a part that the tokenizer has no token for, not even one for the unknown.
    pub fn count(&self, texts: &[String]) -> Result<Vec<u64>, TokenizerError> {
        self.model.count(texts).map_err(TokenizerError)
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokenizer({})", self.path.display())
    }
}

impl fmt::Display for TokenizerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TokenizerError {}
