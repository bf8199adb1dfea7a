//! `provision`: whom a right concerns, what it permits or denies, and until when. What its category doesn't say is refused.

use super::super::Reading;
use super::super::datatype::reference::tell_type;
use super::super::datatype::{coding, identifier};
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::read::{fixed, is, missing};
use super::shape::{Party, Shape, of_category};
use super::{ACTION, ALL, DOCUMENTS, MASKED, PURPOSE, RECEIVER};
use crate::dmp::actor::{ActorId, PortalUser};
use crate::dmp::code::system;
use crate::dmp::right::Category;
use crate::dmp::time::{Instant, Timestamp};
use crate::error::Code;

/// What a provision says.
pub(super) struct Provision<'a> {
    /// `type`.
    pub(super) permit: bool,
    /// Whom it concerns; None for everyone.
    pub(super) actor: Option<ActorId>,
    /// His name, as sent.
    pub(super) name: Option<String>,
    /// The end asked for.
    pub(super) until: Option<Instant>,
    /// The codes of `purpose`.
    pub(super) purposes: Vec<&'a str>,
    /// `securityLabel` is `MASQUE_PS`.
    pub(super) masked: bool,
}

/// Reads the provision of a category; None when something that it needs is missing, which is told.
pub(super) fn read_provision<'a>(
    consent: Node<'a>,
    category: Category,
    found: &mut Findings,
    reading: &Reading,
) -> Option<Provision<'a>> {
    let provision = match consent.required("provision") {
        Ok(provision) => provision,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    let shape = Shape::of(category);
    let mut known = vec!["type", "period", "actor", "action", "purpose", "code"];
    if shape.labelled {
        known.push("securityLabel");
    }
    if category == Category::DefaultMasking {
        known.push("class");
    }
    found.weigh_all(Weight::Key, provision.only(&known));
    read_actions(provision, &shape, found);
    // Where it isn't known it is refused already.
    for class in provision.items("class") {
        coding::code_alone(class, found);
        if known.contains(&"class") && !is(class, DOCUMENTS) {
            found.refuse(class.issue(Code::UnsupportedElement));
        }
    }
    let purposes = read_purposes(provision, category, found);
    let masked = shape.labelled && read_label(provision, found, reading);
    let until = read_period(provision, &shape, found);
    let permit = read_type(provision, &shape, found);
    let (actor, name) = read_party(provision, &shape, found)?;
    Some(Provision {
        permit: permit?,
        actor,
        name,
        until,
        purposes,
        masked,
    })
}

fn read_type(provision: Node, shape: &Shape, found: &mut Findings) -> Option<bool> {
    let given = provision.str("type");
    let permit = match given {
        Some("permit") => Some(true),
        Some("deny") => Some(false),
        _ => None,
    };
    match (given, shape.kind) {
        (None, _) => found.refuse(missing(provision, "type")),
        (Some(given), Some(kind)) if given != kind => found.refuse(invalid(
            provision.path_of("type"),
            &format!("{kind} est attendu"),
            &format!("{kind} is expected"),
        )),
        (Some(_), None) if permit.is_none() => found.refuse(invalid(
            provision.path_of("type"),
            "permit ou deny est attendu",
            "permit or deny is expected",
        )),
        _ => return permit,
    }
    None
}

/// The actions of the category; its first one stands for all. FR Core's example writes the action under `code`.
fn read_actions(provision: Node, shape: &Shape, found: &mut Findings) {
    let (mut any, mut main) = (false, false);
    for concept in provision.items("action").chain(provision.items("code")) {
        any = true;
        coding::codes_alone(concept, found);
        let mut known = false;
        for coding in concept.items("coding") {
            let code = coding.str("code").unwrap_or_default();
            if coding.str("system") == Some(ACTION) && shape.actions.contains(&code) {
                known = true;
                main |= shape.actions.first() == Some(&code);
            } else {
                found.refuse(coding.issue(Code::UnsupportedElement));
            }
        }
        if !known {
            found.refuse(concept.issue(Code::UnsupportedElement));
            // Told already.
            main = true;
        }
    }
    if let (true, false, Some(first)) = (any, main, shape.actions.first()) {
        found.refuse(invalid(
            provision.path_of("action"),
            &format!("{first} est attendu"),
            &format!("{first} is expected"),
        ));
    }
}

fn read_purposes<'a>(
    provision: Node<'a>,
    category: Category,
    found: &mut Findings,
) -> Vec<&'a str> {
    let mut purposes = Vec::new();
    for coding in provision.items("purpose") {
        coding::code_alone(coding, found);
        match coding.str("code").map(|code| as_purpose(coding, code)) {
            // Told twice, in two systems.
            Some(code) if purposes.contains(&code) && !is(coding, (PURPOSE, code)) => {}
            Some(code) if of_category(category).contains(&code) && says(coding, code) => {
                purposes.push(code);
            }
            _ => found.refuse(coding.issue(Code::UnsupportedElement)),
        }
    }
    purposes
}

/// A purpose, which the DMP's access modes say too (TRE_R248).
fn as_purpose<'a>(coding: Node<'a>, code: &'a str) -> &'a str {
    let mode = MODES
        .iter()
        .find(|(mode, _)| is(coding, (ACCESS_MODE, mode)));
    mode.map_or(code, |(_, purpose)| purpose)
}

fn says(coding: Node, purpose: &str) -> bool {
    let same = |(mode, means): &(&str, &str)| *means == purpose && is(coding, (ACCESS_MODE, mode));
    is(coding, (PURPOSE, purpose)) || MODES.iter().any(same)
}

/// The DMP's access modes and the purposes that they mean.
const MODES: [(&str, &str); 3] = [
    ("normal", "TREAT"),
    ("centre_15", "ETREAT"),
    ("bris_de_glace", "BTG"),
];
const ACCESS_MODE: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_R248-ModeAcces/FHIR/TRE-R248-ModeAcces";

fn read_label(provision: Node, found: &mut Findings, reading: &Reading) -> bool {
    let mut masked = false;
    for label in provision.items("securityLabel") {
        coding::code_alone(label, found);
        let system = label
            .str("system")
            .and_then(|url| coding::oid_of(url, reading));
        if system.as_deref() == Some(system::VISIBILITY) && label.str("code") == Some(MASKED) {
            masked = true;
        } else {
            found.refuse(label.issue(Code::UnsupportedElement));
        }
    }
    masked
}

/// The end asked for; the start is the moment of the declaration.
fn read_period(provision: Node, shape: &Shape, found: &mut Findings) -> Option<Instant> {
    let period = provision.get("period")?;
    let known: &[&str] = if shape.ends {
        &["start", "end"]
    } else {
        &["start"]
    };
    found.weigh_all(Weight::Key, period.only(known));
    if period.get("start").is_some() {
        found.ignored(period.path_of("start"));
    }
    let time = |name: &str| Timestamp::from_fhir(period.str(name)?).ok();
    if let (Some(start), Some(end)) = (time("start"), time("end"))
        && start.start() >= end.span().1
    {
        // per-1
        found.refuse(invalid(
            period.path(),
            "le début est après la fin",
            "it starts after its end",
        ));
    }
    let end = Timestamp::from_fhir(period.str("end").filter(|_| shape.ends)?).ok()?;
    // A date includes its day.
    Some(if end.is_date() {
        end.span().1
    } else {
        end.start()
    })
}

type Named = (Option<ActorId>, Option<String>);

fn read_party(provision: Node, shape: &Shape, found: &mut Findings) -> Option<Named> {
    let mut actors = provision.items("actor");
    let Some(actor) = actors.next() else {
        if shape.party == Party::Everyone {
            return Some((None, None));
        }
        found.refuse(missing(provision, "actor"));
        return None;
    };
    for other in actors {
        found.refuse(other.issue(Code::UnsupportedElement));
    }
    found.weigh_all(Weight::Key, actor.only(&["role", "reference"]));
    match actor.get("role") {
        Some(role) => read_role(role, found),
        None => found.tolerate(missing(actor, "role")),
    }
    let reference = match actor.required("reference") {
        Ok(reference) => reference,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    if shape.party == Party::Everyone {
        return read_everyone(reference, found);
    }
    let known = ["type", "identifier", "display"];
    found.weigh_all(Weight::Key, reference.only(&known));
    let node = match reference.required("identifier") {
        Ok(node) => node,
        Err(issue) => {
            found.refuse(issue);
            return None;
        }
    };
    let id = read_identifier(node, shape.party, found)?;
    let kind = match id {
        ActorId::Structure(_) => "Organization",
        ActorId::Person(_) => "Practitioner",
        ActorId::User(_) => "RelatedPerson",
    };
    tell_type(reference, kind, found);
    Some((Some(id), reference.str("display").map(str::to_owned)))
}

/// The receiver; what a second coding adds to it the category says already.
fn read_role(role: Node, found: &mut Findings) {
    let mut codings = role.items("coding");
    if !codings.any(|coding| is(coding, RECEIVER)) {
        return fixed(role, RECEIVER, found);
    }
    coding::codes_alone(role, found);
    for other in role.items("coding").filter(|coding| !is(*coding, RECEIVER)) {
        found.tolerate(other.issue(Code::UnsupportedElement));
    }
}

fn read_everyone(reference: Node, found: &mut Findings) -> Option<Named> {
    found.weigh_all(Weight::Key, reference.only(&["type", "display"]));
    found.labels(reference, &["type"]);
    if reference.str("display") == Some(ALL) {
        return Some((None, None));
    }
    found.refuse(invalid(
        reference.path_of("display"),
        "ce droit concerne tout le monde (all)",
        "this right concerns everyone (all)",
    ));
    None
}

fn read_identifier(node: Node, party: Party, found: &mut Findings) -> Option<ActorId> {
    let id = identifier::read(node, Weight::Key, found)?;
    let person = || id.extension.parse().ok().map(ActorId::Person);
    let structure = || id.extension.parse().ok().map(ActorId::Structure);
    let (read, fr, en) = match party {
        Party::User => {
            // As the portal's tokens write them, letter by letter.
            let (issuer, subject) = (node.str("system"), node.str("value"));
            let user = issuer
                .zip(subject.filter(|subject| !subject.trim().is_empty()))
                .and_then(|(issuer, subject)| PortalUser::new(issuer, subject));
            (
                user.map(ActorId::User),
                "l'émetteur et le sujet des jetons de l'aidant sont attendus",
                "issuer and subject of the caregiver's tokens are expected",
            )
        }
        Party::Person => (
            person().filter(|_| id.root == system::PS_ID_NAT),
            "un PS_IdNat est attendu",
            "a PS_IdNat is expected",
        ),
        Party::Caller | Party::Everyone => {
            let read = match id.root.as_str() {
                system::PS_ID_NAT => person(),
                system::STRUCT_ID_NAT => structure(),
                _ => None,
            };
            (
                read,
                "un PS_IdNat ou un Struct_IdNat est attendu",
                "a PS_IdNat or a Struct_IdNat is expected",
            )
        }
    };
    if read.is_none() {
        found.refuse(invalid(node.path(), fr, en));
    }
    read
}
