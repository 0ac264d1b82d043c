//! Counts the tokens of texts by a model's `tokenizer.json`. Without the feature `tokenizer` no file
//! can be loaded.

#[cfg_attr(not(feature = "tokenizer"), path = "absent.rs")]
mod model;

use std::fmt;
use std::path::{Path, PathBuf};

/// Whether tokenizers are built in.
pub const BUILT_IN: bool = cfg!(feature = "tokenizer");

/// A loaded tokenizer.
pub struct Tokenizer {
    /// The file of the tokenizer.
    pub path: PathBuf,
    model: model::Model,
}

impl Tokenizer {
    /// Loads a tokenizer from `text`, the content of the file at `path`.
    ///
    /// # Errors
    ///
    /// The English message of the crate `tokenizers` if the text is no tokenizer. In a build without
    /// tokenizers, every call fails.
    pub fn new(path: &Path, text: &str) -> Result<Self, String> {
        Ok(Self {
            path: path.to_owned(),
            model: model::Model::new(text)?,
        })
    }

    /// The number of tokens of each text, without special tokens for start and end. Uses all
    /// processors.
    ///
    /// # Errors
    ///
    /// The English message of the crate `tokenizers` if the tokenizer has no token for a part of a
    /// text, and none for unknown text.
    pub fn count(&self, texts: &[String]) -> Result<Vec<u64>, String> {
        self.model.count(texts)
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokenizer({})", self.path.display())
    }
}
