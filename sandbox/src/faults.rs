//! What goes wrong on purpose with a merchant's next webhooks, so that a test sees its receiver cope.

use faststar::schema::{Field, Kind, Object, Origin};
use serde::{Deserialize, Deserializer, Serialize};

/// The faults that a merchant has ahead of it; each is used up once it has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Faults {
    /// How many of the next accepted attempts are followed by the same event once more.
    #[serde(deserialize_with = "or_none")]
    pub duplicate: u32,
    /// How many of the next attempts are lost on the way to the receiver.
    #[serde(deserialize_with = "or_none")]
    pub drop: u32,
    /// How many of the next attempts reach the receiver, with the answer lost.
    #[serde(deserialize_with = "or_none")]
    pub drop_answer: u32,
    /// How many of the next attempts have a signature that does not match.
    #[serde(deserialize_with = "or_none")]
    pub corrupt_signature: u32,
    /// How many of the next events are kept until the last of them is there, and sent in reverse.
    #[serde(deserialize_with = "or_none")]
    pub reorder: u32,
    /// How long the next event waits, by the merchant's clock.
    #[serde(deserialize_with = "or_none")]
    pub delay_ms: i64,
}

/// Reads null as what is absent.
fn or_none<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What goes wrong with one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The receiver hears nothing.
    Drop,
    /// The receiver hears, and its answer is lost.
    DropAnswer,
    /// The signature does not match.
    CorruptSignature,
}

const UP_TO_1000: Kind = Kind::Integer { min: 0, max: 1000 };

impl Faults {
    /// How faults are asked for.
    pub const SCHEMA: Object = Object {
        name: "Faults",
        doc: "What goes wrong on purpose with the merchant's next webhooks. Each is used up once it \
              has happened; what is absent does not happen.",
        fields: &[
            Field::optional(
                "duplicate",
                UP_TO_1000,
                Origin::SandboxOnly,
                "How many of the next accepted attempts are followed by the same event once more.",
            ),
            Field::optional(
                "drop",
                UP_TO_1000,
                Origin::SandboxOnly,
                "How many of the next attempts never reach the receiver.",
            ),
            Field::optional(
                "drop_answer",
                UP_TO_1000,
                Origin::SandboxOnly,
                "How many of the next attempts reach the receiver and count as unanswered.",
            ),
            Field::optional(
                "corrupt_signature",
                UP_TO_1000,
                Origin::SandboxOnly,
                "How many of the next attempts have a signature that does not match.",
            ),
            Field::optional(
                "reorder",
                UP_TO_1000,
                Origin::SandboxOnly,
                "How many of the next events are kept until the last of them is there, and then sent \
                 in reverse.",
            ),
            Field::optional(
                "delay_ms",
                Kind::Integer { min: 0, max: 31_536_000_000 },
                Origin::SandboxOnly,
                "How long the next event waits, by the merchant's clock.",
            ),
        ],
    };

    /// Uses up what goes wrong with an attempt that is about to be made.
    pub fn next_attempt(&mut self) -> Option<Fault> {
        for (left, fault) in [
            (&mut self.drop, Fault::Drop),
            (&mut self.drop_answer, Fault::DropAnswer),
            (&mut self.corrupt_signature, Fault::CorruptSignature),
        ] {
            if *left > 0 {
                *left -= 1;
                return Some(fault);
            }
        }
        None
    }

    /// Tells whether an event that was accepted is sent once more, and uses that up.
    pub fn next_duplicate(&mut self) -> bool {
        let again = self.duplicate > 0;
        self.duplicate = self.duplicate.saturating_sub(1);
        again
    }

    /// Tells whether the event that has come is kept back for others to overtake it, and uses that
    /// up. The last one of a reordered group is not.
    pub fn next_is_kept(&mut self) -> bool {
        self.reorder = self.reorder.saturating_sub(1);
        self.reorder > 0
    }

    /// Gives how long what is sent next waits, and uses that up.
    pub fn next_delay_ms(&mut self) -> i64 {
        std::mem::take(&mut self.delay_ms)
    }
}
