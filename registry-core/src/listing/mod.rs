//! Lists of households: where they are looked for, which of them are meant, in which order they come, who is a sample.
//!
//! Map: *where* [`Area`], [`PmtRange`] · *which* [`Criteria`] · *how many, from where* [`PageAsked`] · *in which order*
//! [`Place`] · *one in a hundred* [`Tally`] · *what the store is asked* [`Stretch`].

mod area;
mod criteria;
mod page;
mod place;
mod pmt;
mod sample;

pub use self::{
    area::{Area, TehsilKey, Within},
    criteria::{Criteria, DisabilityAsked},
    page::PageAsked,
    place::{Place, PlaceKey},
    pmt::PmtRange,
    sample::Tally,
};

/// A piece of the one order in which all lists run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Where the households are.
    pub within: Within,
    /// Their scores.
    pub pmt: PmtRange,
    /// Whether only households of their tehsil's sample are meant.
    pub sample: bool,
    /// Only places behind this one; `None` begins at the first.
    pub after: Option<Place>,
    /// Households at most; [`crate::limits::LIST_ROWS_MAX`] and one more, to see whether there is one.
    pub limit: u32,
}
