//! Members of a JSON object whose names come from a table.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Members in their order. Of a document that is read: all that are a `T`.
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

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Member<T> {
            Wanted(T),
            Other(IgnoredAny),
        }
        let members = BTreeMap::<String, Member<T>>::deserialize(deserializer)?;
        let wanted = members
            .into_iter()
            .filter_map(|(name, member)| match member {
                Member::Wanted(value) => Some((name, value)),
                Member::Other(IgnoredAny) => None,
            });
        Ok(wanted.collect())
    }
}
