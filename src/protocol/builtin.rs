//! The documents that come with the program.

use std::sync::{Arc, OnceLock};

use super::Protocol;

/// The documents that come with the program, by name.
const BUILT_IN: &[(&str, &str)] = documents!("protocols");

impl Protocol {
    /// The built-in protocol of that name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Arc<Protocol>> {
        let at = Self::builtin_names().position(|known| known == name)?;
        Some(Arc::clone(&built_in()[at]))
    }

    /// The names of the built-in protocols.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The text of the document of the built-in protocol of that name.
    #[must_use]
    pub fn document(name: &str) -> Option<&'static str> {
        let at = Self::builtin_names().position(|known| known == name)?;
        Some(BUILT_IN[at].1)
    }

    /// The name of the built-in protocol of a path; a query and a slash at the end do not matter.
    #[must_use]
    pub fn infer(path: &str) -> Option<&'static str> {
        let path = path.split(['?', '#']).next()?.trim_end_matches('/');
        Self::builtin_names()
            .zip(built_in())
            .flat_map(|(name, protocol)| protocol.suffixes.iter().map(move |s| (name, s)))
            .filter(|(_, suffix)| path.ends_with(suffix.as_str()))
            .max_by_key(|(_, suffix)| suffix.len())
            .map(|(name, _)| name)
    }
}

/// The built-in protocols, in the order of their names in [`BUILT_IN`]. A test reads them all.
fn built_in() -> &'static [Arc<Protocol>] {
    static PARSED: OnceLock<Vec<Arc<Protocol>>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let parse = |json| Protocol::parse(json).expect("a built-in document is valid");
        let documents = BUILT_IN.iter();
        documents.map(|(_, json)| Arc::new(parse(json))).collect()
    })
}
