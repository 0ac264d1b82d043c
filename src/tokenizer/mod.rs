//! Counts the tokens of texts by a model's `tokenizer.json`. Without the feature `tokenizer` no file
//! can be loaded.

#[cfg_attr(not(feature = "tokenizer"), path = "absent.rs")]
mod model;

use std::fmt;
use std::path::{Path, PathBuf};

/// Whether tokenizers are built in.
pub const BUILT_IN: bool = cfg!(feature = "tokenizer");

/// A tokenizer that has been loaded.
pub struct Tokenizer {
    /// The file of the tokenizer.
    pub path: PathBuf,
    model: model::Model,
}

impl Tokenizer {
    /// Makes a tokenizer of the text of the file at `path`.
    ///
    /// # Errors
    ///
    /// If the text is no tokenizer, and always where tokenizers are not built in; in English, in the
    /// words of the crate `tokenizers`.
    pub fn new(path: &Path, text: &str) -> Result<Self, String> {
        Ok(Self {
            path: path.to_owned(),
            model: model::Model::new(text)?,
        })
    }

    /// The number of tokens of each text, without tokens for its beginning and end. Uses all
    /// processors.
    ///
    /// # Errors
    ///
    /// If the tokenizer has no token for a part of a text, not even the one for unknown text; in
    /// English, in the words of the crate `tokenizers`.
    pub fn count(&self, texts: &[String]) -> Result<Vec<u64>, String> {
        self.model.count(texts)
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokenizer({})", self.path.display())
    }
}
