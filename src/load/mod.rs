//! When requests are sent: a [`Shape`] says when each slot of a run is due, [`Slots`] hands the
//! slots out to users, [`thinks`] and [`Leaving`] say how users behave.
//!
//! A shape is a file here that implements [`Shape`], its `mod` line, its line in `shapes!`, and the
//! flag from which [`crate::config`] makes it.

mod closed;
mod shape;
mod slots;
mod think;

use std::ops::Deref;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Stamp;

pub use shape::{Seconds, Shape, Slot};
pub use slots::{Claim, Slots};
pub use think::{Leaving, thinks};

/// Declares the shapes, each with its name in the run JSON.
macro_rules! shapes {
    ($($name:literal => $file:ident::$Shape:ident),* $(,)?) => {
        $(pub use $file::$Shape;)*

        /// The load of a run: any of the shapes. It writes itself into the run JSON and reads itself
        /// from there.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "shape")]
        pub enum Load {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $Shape($Shape),
            )*
        }

        impl Deref for Load {
            type Target = dyn Shape;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Load::$Shape(shape) => shape,)*
                }
            }
        }
    };
}

shapes! {
    "closed" => closed::ClosedLoop,
}

impl Load {
    /// The load in a run JSON; `None` if its shape is unknown.
    #[must_use]
    pub fn read(json: &Value) -> Option<Self> {
        let mut json = json.clone();
        let shape = json.as_object_mut()?.entry("shape");
        shape.or_insert_with(|| "closed".into());
        serde_json::from_value(json).ok()
    }

    /// Whether the run is a single request, if each conversation has `turns` of them.
    #[must_use]
    pub fn is_single(&self, turns: u32) -> bool {
        self.users() == 1 && self.deadline().is_none() && self.requests(turns) == Some(1)
    }

    /// The planned length of the run, ramp-up included, where it is limited by time.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(self.deadline()?.since(Stamp::ZERO))
    }

    /// How long requests start after the ramp-up, where the run is limited by time.
    #[must_use]
    pub fn hold(&self) -> Option<Duration> {
        Some(self.duration()?.saturating_sub(self.ramp_up()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// Users who start over a ramp-up and send for `hold`, or `requests` requests, or one request each.
    /// Times in seconds.
    pub(crate) fn load(users: u32, ramp_up: f64, hold: Option<f64>, requests: Option<u64>) -> Load {
        let json = json!({
            "users": users, "ramp_up_s": ramp_up, "duration_s": hold, "requests": requests,
        });
        Load::read(&json).expect("a load")
    }

    #[test]
    fn a_shape_comes_back_from_its_json() {
        #[rustfmt::skip]
        let cases = [
            (json!({"shape": "closed", "users": 2, "ramp_up_s": 0.5, "duration_s": null, "requests": null }),
             2, Some(2), None),
            (json!({"shape": "closed", "users": 1, "ramp_up_s": 0.0, "duration_s": 3.25, "requests": 9 }),
             1, Some(9), Some(Duration::from_millis(3_250))),
        ];
        for (json, users, requests, hold) in cases {
            let load = Load::read(&json).expect("a load");
            assert_eq!(serde_json::to_value(&load).unwrap(), json);
            assert_eq!((load.users(), load.requests(1)), (users, requests));
            assert_eq!(load.hold(), hold, "{json}");
        }
        for json in [
            json!({"shape": "of the future", "users": 2, "ramp_up_s": 0.5}),
            json!({"shape": "closed", "users": 2, "ramp_up_s": -1.0}),
            json!({"users": -2, "ramp_up_s": 0.0}),
            json!(null),
        ] {
            assert_eq!(Load::read(&json), None, "{json}");
        }
    }
}
