//! The manual: its topics in both languages, compiled in from `data/manual/`, and how a terminal shows
//! them.

mod markdown;

pub use markdown::render;

use crate::text::Language;

/// A topic of the manual.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// Its name in `sse-perf help NAME`, and its file's name.
    pub name: &'static str,
    /// In English and Chinese.
    texts: [&'static str; 2],
}

macro_rules! topics {
    ($($name:literal)*) => {
        &[$(Topic {
            name: $name,
            texts: [
                include_str!(concat!("../../data/manual/en/", $name, ".md")),
                include_str!(concat!("../../data/manual/zh/", $name, ".md")),
            ],
        }),*]
    };
}

/// All topics, in the order in which a reader needs them.
pub const TOPICS: &[Topic] = topics![
    "dify" "openai" "services" "load" "data" "protocols" "ci" "files" "metrics" "verdict" "failures"
    "exit-codes" "troubleshooting" "options" "mock" "jmeter" "python-script" "benchmarks"
    "architecture"
];

impl Topic {
    /// The topic of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Topic> {
        TOPICS.iter().find(|topic| topic.name == name)
    }

    /// Its text in Markdown. A line such as `{metrics}` is a placeholder for a list that the program
    /// makes.
    #[must_use]
    pub fn text(&self, language: Language) -> &'static str {
        self.texts[language as usize]
    }

    /// Its heading.
    #[must_use]
    pub fn title(&self, language: Language) -> &'static str {
        let heading = self.text(language).lines().next().unwrap_or_default();
        heading.trim_start_matches("# ")
    }

    /// The sections whose headings name a word as code: `` ## `reset`, `truncated` ``.
    pub fn sections(&self, word: &str, language: Language) -> impl Iterator<Item = &'static str> {
        let name = format!("`{word}`");
        let sections = self.text(language).split("\n## ").skip(1);
        sections.filter(move |section| {
            let heading = section.lines().next();
            heading.is_some_and(|heading| heading.contains(&name))
        })
    }
}

/// The words that headings of sections name as code.
pub fn words() -> impl Iterator<Item = &'static str> {
    let lines = TOPICS.iter().flat_map(|topic| topic.texts[0].lines());
    let headings = lines.filter_map(|line| line.strip_prefix("## "));
    headings.flat_map(|heading| heading.split('`').skip(1).step_by(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_title_and_every_file_is_a_topic() {
        for language in [Language::English, Language::Chinese] {
            for topic in TOPICS {
                assert!(topic.text(language).starts_with("# "), "{}", topic.name);
            }
            let directory = format!("data/manual/{}", language.code());
            for entry in std::fs::read_dir(directory).expect("a directory") {
                let name = entry.expect("an entry").file_name();
                let name = name.to_string_lossy().into_owned();
                let known = name.strip_suffix(".md").and_then(Topic::find);
                assert!(known.is_some() || name == "README.md", "{name}");
            }
        }
    }

    #[test]
    fn headings_name_the_same_words_in_both_languages() {
        for word in words() {
            for topic in TOPICS {
                let count = |language| topic.sections(word, language).count();
                let counts = [Language::English, Language::Chinese].map(count);
                assert_eq!(counts[0], counts[1], "{}: {word}", topic.name);
            }
        }
    }

    #[test]
    fn sections_are_found_by_the_words_of_their_headings() {
        let topic = Topic {
            name: "x",
            texts: ["# X\n\n## `a`, `b`: one\n\ntext\n\n## `c`\n\n`a`\n", ""],
        };
        let found: Vec<_> = topic.sections("b", Language::English).collect();
        assert_eq!(found, ["`a`, `b`: one\n\ntext\n"]);
    }
}
