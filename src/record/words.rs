//! Enums whose values are words in CSV, JSON and on the command line.

/// Defines an enum with the word of each value: its list `ALL`, in the order of the definition, its
/// method `name`, and its words in files.
macro_rules! words {
    (
        $(#[$attribute:meta])*
        pub enum $Name:ident {
            $($(#[$doc:meta])* $Value:ident: $word:literal,)*
        }
    ) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        $(#[$attribute])*
        pub enum $Name {
            $($(#[$doc])* #[serde(rename = $word)] $Value,)*
        }

        impl $Name {
            /// All values, in the order of their definition.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$Value),*];

            /// The value's word, the same in every language.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Value => $word,)*
                }
            }
        }
    };
}

pub(crate) use words;
