//! The workload: queries, keys and bodies, and the fallbacks for files that cannot be used.

use std::path::PathBuf;

use super::build::Builder;
use super::data::Data;
use super::files::{self, Unusable};
use super::show::{is_secret_name, secret_part};
use super::{API_KEY_VARIABLE, conversation, headers};
use crate::protocol::Protocol;
use crate::random;
use crate::text::Message;
use crate::workload::{ApiKey, BodyTemplate, Constants, Parts, Rotation, Workload};

impl Builder<'_> {
    /// The workload in a protocol. `given_headers` are those of `--header`.
    pub(super) fn workload(
        &mut self,
        protocol: &Protocol,
        given_headers: &[(String, String)],
    ) -> Result<Workload, Message> {
        let raw = &self.raw.request;
        let turns = self.raw.load.turns;
        let constants = Constants {
            user: raw.user.clone(),
            model: self.model(),
            conversation_id: raw.conversation_id.clone(),
            inputs: headers::pairs("--input", &raw.inputs)?,
            body: headers::pairs("--body", &raw.body)?,
        };
        let mut keys = self.keys(protocol, given_headers)?;
        if !constants.conversation_id.is_empty() && keys.items.len() > 1 {
            let message = Message::new("warning.conversation_key");
            self.warn(message.with("count", keys.items.len()));
            keys.items.truncate(1);
        }
        let mut document = match &raw.request_body_file {
            Some(file) => files::body(file)?,
            None => protocol.body.clone(),
        };
        for (key, value) in &constants.body {
            document[key] = serde_json::from_str(value).unwrap_or_else(|_| value.as_str().into());
        }
        let data = self.data()?;
        let parts = Parts {
            constants: &constants,
            columns: &data.others.columns,
            history: protocol.history.as_ref().filter(|_| turns > 1),
            answers: false,
        };
        let body = BodyTemplate::new(&document, parts)?;
        conversation::check_turns(turns, &body, protocol)?;
        self.check_places(&body, &constants, &data)?;
        if document["echo"] == true {
            self.warn(Message::new("warning.echo"));
        }
        let history = conversation::turn_parts(protocol, parts)?;
        let stop = conversation::stop_call(protocol, parts)?;
        Ok(Workload {
            order: self.order(data.queries.items.len())?,
            queries: data.queries,
            rows: data.others.rows,
            // A prefix that a server has seen before defeats no cache.
            unique: raw.unique.then(random::fresh),
            turns,
            history: history.filter(|_| body.has_history()),
            stop,
            keys,
            body,
            document,
            body_file: raw.request_body_file.as_ref().map(PathBuf::from),
            constants,
            secrets: secrets(given_headers),
        })
    }

    /// Checks that the body has a place for each value that was given.
    fn check_places(
        &mut self,
        body: &BodyTemplate,
        constants: &Constants,
        data: &Data,
    ) -> Result<(), Message> {
        if data.has_queries {
            self.warn_of_unused(body, constants);
        } else if body.uses("query") {
            let columns = data.others.columns.join(", ");
            return Err(Message::new("usage.data_no_query").with("columns", columns));
        }
        if self.raw.request.unique && !body.uses("query") {
            self.warn(Message::new("warning.unique_unused"));
        }
        Ok(())
    }

    /// The keys of the file, else of the flag, else of the environment; none where the protocol or a
    /// `--header` makes keys needless.
    fn keys(
        &mut self,
        protocol: &Protocol,
        given_headers: &[(String, String)],
    ) -> Result<Rotation<ApiKey>, Message> {
        let raw = &self.raw.target;
        // The flag that gives a key which is not empty.
        let flag = match (&raw.api_key_file, raw.api_key.as_deref()) {
            (_, Some("")) | (None, None) => None,
            (Some(_), _) => Some("--api-key-file"),
            (None, Some(_)) => Some("--api-key"),
        };
        let none = Rotation::flag(ApiKey::new(""));
        let Some((header, _)) = protocol.auth_header("key") else {
            if let Some(flag) = flag {
                let message = Message::new("warning.key_unused").with("flag", flag);
                self.warn(message.with("protocol", &protocol.name));
            }
            return Ok(none);
        };
        let mut given = given_headers.iter();
        if given.any(|(name, _)| name.eq_ignore_ascii_case(&header)) {
            return flag.map_or(Ok(none), |flag| {
                let message = Message::new("usage.key_and_header").with("flag", flag);
                Err(message.with("header", header))
            });
        }
        let mut file_error = None;
        if let Some(file) = &raw.api_key_file {
            match files::keys(file) {
                Err(Unusable::Absent(error)) if !self.raw.console.strict => {
                    file_error = Some(error);
                }
                keys => return Ok(keys?),
            }
        }
        let (source, key) = match (&raw.api_key, self.environment_key) {
            (Some(key), _) => ("--api-key", key.as_str()),
            (None, Some(key)) if !key.trim().is_empty() => (API_KEY_VARIABLE, key),
            _ => return Err(self.no_key(file_error)),
        };
        let is_given = !key.trim().is_empty();
        let key = ApiKey::new(key);
        if !key.is_sendable() {
            return Err(Message::new("usage.key_characters").with("flag", source));
        }
        if is_given && key.is_empty() {
            return Err(Message::new("usage.key_scheme").with("flag", source));
        }
        if let Some(message) = file_error {
            self.fall_back(&message, "warning.key_instead", source);
        }
        Ok(Rotation::flag(key))
    }

    fn no_key(&self, file_error: Option<Message>) -> Message {
        let message = file_error.map_or(Message::new("usage.no_key"), |error| {
            let error = self.language.texts().render(&error);
            Message::new("usage.no_key_in_file").with("error", error)
        });
        message.with("variable", API_KEY_VARIABLE)
    }

    /// Warns that a file is not used, and what is used in its place.
    pub(super) fn fall_back(&mut self, reason: &Message, id: &'static str, used: &str) {
        let reason = self.language.texts().render(reason);
        self.warn(Message::new(id).with("reason", reason).with("used", used));
    }

    /// Warns of values that the body has no place for.
    fn warn_of_unused(&mut self, body: &BodyTemplate, constants: &Constants) {
        if !body.uses("query") {
            self.warn(Message::new("warning.query_unused"));
        }
        if !constants.conversation_id.is_empty() && !body.uses("conversation_id") {
            self.warn(Message::new("warning.conversation_unused"));
        }
        let keys = constants.inputs.iter().map(|(key, _)| key.as_str());
        let has_place = |key: &&str| body.uses("inputs") || body.uses(&format!("inputs.{key}"));
        let unused: Vec<&str> = keys.filter(|key| !has_place(key)).collect();
        if !unused.is_empty() {
            self.warn(Message::new("warning.inputs_unused").with("keys", unused.join(", ")));
        }
    }
}

/// The secret parts of the given headers.
fn secrets(given_headers: &[(String, String)]) -> Vec<ApiKey> {
    let headers = given_headers.iter();
    let secret = headers.filter(|(name, _)| is_secret_name(name));
    let secret = secret.map(|(_, value)| ApiKey::new(secret_part(value)));
    secret.collect()
}
