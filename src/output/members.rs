//! Members of a JSON object whose names come from a table.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Members in their order. Of a document that is read: all members that are a `T`.
#[derive(Debug, Default)]
pub(super) struct Members<T>(Vec<(Cow<'static, str>, T)>);

impl<T: Clone> Members<T> {
    pub(super) fn get(&self, name: &str) -> Option<T> {
        let found = self.0.iter().find(|(member, _)| member == name);
        found.map(|(_, value)| value.clone())
    }
}

impl<T, N: Into<Cow<'static, str>>> FromIterator<(N, T)> for Members<T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(members: I) -> Self {
        let members = members.into_iter();
        Self(members.map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<T: Serialize> Serialize for Members<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = BTreeMap::<String, Value>::deserialize(deserializer)?.into_iter();
        let wanted =
            members.filter_map(|(name, value)| Some((name, serde_json::from_value(value).ok()?)));
        Ok(wanted.collect())
    }
}
