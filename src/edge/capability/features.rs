//! What this server can do and once could not: one line each, so that statement and server move together.

/// One flag per feature.
pub(super) struct Features {
    /// `application/fhir+xml`, and XML Patch.
    pub xml: bool,
    /// `$validate` on these types.
    pub validate: &'static [&'static str],
    /// `DocumentReference/$generate-metadata` (ITI-106).
    pub generate_metadata: bool,
    /// `POST [base]` with a batch.
    pub batch: bool,
    /// `_history` of one instance.
    pub history: bool,
    /// `_include` by type.
    pub include: &'static [(&'static str, &'static str)],
    /// `_revinclude` by type.
    pub revinclude: &'static [(&'static str, &'static str)],
    /// Lists that are folders.
    pub folders: bool,
    /// `If-None-Exist` on DocumentReference.
    pub conditional_create: bool,
    /// `GET Bundle/{id}` of FHIR documents.
    pub fhir_documents: bool,
}

/// The present ones.
pub(super) const FEATURES: Features = Features {
    xml: true,
    validate: &crate::edge::validate::KINDS,
    generate_metadata: true,
    batch: true,
    history: true,
    include: &[],
    revinclude: &[],
    folders: false,
    conditional_create: true,
    fhir_documents: false,
};
