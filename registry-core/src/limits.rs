//! Every bound of the registry: the number, its unit, its reason.

/// Members that one household may have: the largest of the survey's forms has four pages of fifteen lines.
pub const HOUSEHOLD_MEMBERS_MAX: usize = 60;

/// Years from which a person follows no guardian: majority, as for the card of an adult.
pub const OF_AGE: u16 = 18;

/// Characters of a name, in either script.
pub const NAME_CHARS_MAX: usize = 120;

/// Characters of a place or cause in a notice: one line of the form.
pub const NOTICE_TEXT_CHARS_MAX: usize = 200;

/// A published cell counts at least so many, or nobody may see it: ten is the statistics office's usual floor (R155).
pub const REPORT_CELL_MIN: u64 = 10;

/// Seconds that a computed report is published before it is counted again: a public caller cannot make us count.
pub const REPORT_AGE_S_MAX: i64 = 3600;

/// Persons and households that one call of a store's `load` carries, so that one transaction stays short.
pub const LOAD_BATCH_MAX: usize = 10_000;

/// Persons of a synthetic population: seven digits of the number tell them apart.
pub const POPULATION_MAX: u64 = 10_000_000;

/// Households of one page of a list: one answer of about a megabyte.
pub const LIST_ROWS_MAX: u32 = 1_000;

/// Households of one batch of the complete export: each batch is one entry of the access log with all its people.
pub const EXPORT_BATCH: u32 = 100;

/// Households that one page looks at while it searches for those that meet its criteria: a search for what nobody has
/// costs no more than this, however large the district.
pub const LIST_EXAMINED_MAX: u32 = 5_000;

/// Households that one reading of the store brings while criteria are searched for.
pub const LIST_READ: u32 = 250;

/// Assets that one search may name: more than the survey's form lists.
pub const LIST_ASSETS_MAX: usize = exchange::limits::ASSETS_MAX;

/// Of so many households one belongs to the sample that Basic sees: one per cent, rounded down (R144).
pub const SAMPLE_ONE_IN: u64 = 100;
