//! document_reference
