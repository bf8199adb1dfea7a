//! Feeding: no consent and no authorisation is needed, and a blocked professional still may (FEED-02, BLK-05).

use super::case::Case;
use super::{Permit, consult};
use crate::dmp::right::Category;
use crate::error::{Code, Error};

/// The permit's visibility says which documents the depositor may know of, for what he replaces.
pub(super) fn deposit(case: &Case) -> Result<Permit, Error> {
    case.open()?;
    let qualified = case.standing.record.data.identity.is_qualified();
    case.require(qualified, Code::IdentityNotQualified, "INS-02")?;
    case.well_formed_mode()?;
    let opposed = case.valid(Category::FeedingOpposition).is_some();
    case.require(!opposed, Code::NotAllowed, "FEED-03")?;
    let visibility = consult::knowledge(case).visibility().clone();
    let mut permit = case.permit(visibility, "FEED-02");
    permit.masks = case.valid(Category::DefaultMasking).is_some();
    Ok(permit)
}
