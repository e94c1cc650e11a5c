//! Test cards: which number does what.

use faststar::error::{Error, code};
use serde::Serialize;

/// A card that the sandbox knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TestCard {
    /// The number, digits only.
    pub number: &'static str,
    /// The brand that it shows as.
    pub brand: &'static str,
    /// What happens when it is charged or saved.
    pub behaviour: Behaviour,
    /// What it is for, in a few words.
    #[serde(skip)]
    pub doc: &'static str,
}

impl TestCard {
    /// Gives the last four digits.
    pub fn last4(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }

    /// Names the card as it may be shown: `visa 4242`.
    pub fn shown(&self) -> String {
        format!("{} {}", self.brand, self.last4())
    }
}

/// What a card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// It pays.
    Succeeds,
    /// The bank declines it.
    Declined,
    /// The bank asks the buyer to authenticate first.
    AsksForAuthentication,
}

/// The test cards, as the README lists them. The numbers are the ones that the field knows.
pub const TEST_CARDS: &[TestCard] = &[
    TestCard {
        number: "4242424242424242",
        brand: "visa",
        behaviour: Behaviour::Succeeds,
        doc: "succeeds",
    },
    TestCard {
        number: "5555555555554444",
        brand: "mastercard",
        behaviour: Behaviour::Succeeds,
        doc: "succeeds",
    },
    TestCard {
        number: "4000000000000002",
        brand: "visa",
        behaviour: Behaviour::Declined,
        doc: "is declined",
    },
    TestCard {
        number: "4000002500003155",
        brand: "visa",
        behaviour: Behaviour::AsksForAuthentication,
        doc: "asks for authentication first",
    },
];

/// Finds a test card by its number, or by a word: `success`, `declined`, `authentication`.
///
/// # Errors
///
/// `invalid_value` at `card.number` for anything else, so that nobody types a real card here.
pub fn find(text: &str) -> Result<&'static TestCard, Error> {
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let wanted = match text {
        "success" => Some(Behaviour::Succeeds),
        "declined" => Some(Behaviour::Declined),
        "authentication" => Some(Behaviour::AsksForAuthentication),
        _ => None,
    };
    TEST_CARDS
        .iter()
        .find(|card| card.number == number || Some(card.behaviour) == wanted)
        .ok_or_else(|| {
            let known: Vec<_> = TEST_CARDS.iter().map(|card| card.number).collect();
            let message = format!("the sandbox takes only its test cards: {}", known.join(", "));
            Error::validation(code::INVALID_VALUE, "card.number", message)
        })
}
