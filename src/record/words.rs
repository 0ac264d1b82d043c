//! Enums whose values are words in CSV, JSON and on the command line.

/// Defines an enum with the word of each value: its list `ALL`, in the order of the definition, and
/// its method `name`.
macro_rules! words {
    (
        $(#[$attribute:meta])*
        pub enum $Name:ident {
            $($(#[$doc:meta])* $Value:ident: $word:literal,)*
        }
    ) => {
        $(#[$attribute])*
        pub enum $Name {
            $($(#[$doc])* $Value,)*
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
