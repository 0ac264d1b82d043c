//! Counts tokens by the crate `tokenizers`.

/// The tokenizer of a file.
pub(super) struct Model(tokenizers::Tokenizer);

impl Model {
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let mut tokenizer: tokenizers::Tokenizer =
            text.parse().map_err(|error| refused(text, &error))?;
        // A file made for training may cut or pad texts to one length. All of a text is counted, and
        // no padding.
        tokenizer
            .with_truncation(None)
            .map_err(|error| error.to_string())?;
        tokenizer.with_padding(None);
        Ok(Self(tokenizer))
    }

    pub(super) fn count(&self, texts: &[String]) -> Result<Vec<u64>, String> {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let encodings = self.0.encode_batch_fast(texts, false);
        let encodings = encodings.map_err(|error| error.to_string())?;
        Ok(encodings.iter().map(|e| e.len() as u64).collect())
    }
}

/// Why a text is no tokenizer. For JSON without a model, the crate's own error names a missing comma.
fn refused(text: &str, error: &tokenizers::Error) -> String {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json) if !json["model"].is_object() => "it has no member \"model\"".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tokenizer of words, with a special token in front. It cuts or pads texts to three tokens.
    const WORDS: &str = r#"{
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0},
        "padding": {"strategy": {"Fixed": 3}, "direction": "Right", "pad_to_multiple_of": null,
                    "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>"},
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"<pad>": 0, "<s>": 1, "a": 2, "b": 3}, "unk_token": "a"}
    }"#;

    #[test]
    fn all_of_a_text_is_counted_without_padding() {
        let model = Model::new(WORDS).expect("a tokenizer");
        let texts = ["", "a", "a b a b a b", "new words"].map(str::to_owned);
        assert_eq!(model.count(&texts), Ok(vec![0, 1, 6, 2]));
    }

    #[test]
    fn wrong_files_and_unknown_words_are_errors() {
        for text in ["", "{}", r#"{"a": 1}"#, "version https://git-lfs"] {
            assert!(Model::new(text).is_err(), "{text}");
        }
        let nothing_unknown = WORDS.replace(r#""unk_token": "a""#, r#""unk_token": "?""#);
        let model = Model::new(&nothing_unknown).expect("a tokenizer");
        assert!(model.count(&["a b".to_owned()]).is_ok());
        assert!(model.count(&["new".to_owned()]).is_err());
    }
}
