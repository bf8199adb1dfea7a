//! One element of the header removed, emptied, or given another value.

use passerelle::dmp::context::Validation;

use super::clinical::{
    Found, assert_caught, documents, elements, judge, line, only, with_attribute,
};

const CUSTODIAN: &str = "custodian/assignedCustodian/representedCustodianOrganization";
const PATIENT: &str = "recordTarget/patientRole/patient";
const FACILITY: &str = "componentOf/encompassingEncounter/location/healthCareFacility";

/// Elements that are removed, and the check that misses them. `~` is the custodian's organisation, `^` the patient, `*` the facility.
const REMOVED: &str = "realmCode realm-code|typeId type-id|id document-id|code type-code|title title|effectiveTime creation-time|\
    confidentialityCode confidentiality|languageCode language|setId set-id|versionNumber version-number|recordTarget record-target|\
    recordTarget/patientRole patient-role|recordTarget/patientRole/addr patient-address|^ patient|^/name patient-name|\
    ^/name/given patient-given|^/administrativeGenderCode patient-gender|^/birthTime patient-birth-time|^/birthplace patient-birthplace|\
    ^/birthplace/place patient-birthplace-place|^/birthplace/place/addr patient-birthplace-address|\
    ^/birthplace/place/addr/county patient-birthplace-insee|author author|author/time author-time|author/assignedAuthor author-assigned|\
    author/assignedAuthor/id author-id|author/assignedAuthor/assignedPerson author-known|custodian custodian|\
    custodian/assignedCustodian custodian-assigned|~ custodian-organization|~/id custodian-id|~/name custodian-name|\
    legalAuthenticator legal-authenticator|legalAuthenticator/time signature-time|legalAuthenticator/signatureCode signature-code|\
    legalAuthenticator/assignedEntity signature-entity|legalAuthenticator/assignedEntity/id signature-id|\
    legalAuthenticator/assignedEntity/assignedPerson signature-person|documentationOf act|documentationOf/serviceEvent act-event|\
    documentationOf/serviceEvent/effectiveTime/low act-start|documentationOf/serviceEvent/performer act-performer|\
    documentationOf/serviceEvent/performer/assignedEntity/id performer-id|\
    documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode act-practice-setting|\
    componentOf encounter|componentOf/encompassingEncounter encounter-act|componentOf/encompassingEncounter/effectiveTime encounter-time|\
    componentOf/encompassingEncounter/location encounter-location|* encounter-facility|*/code facility-type|\
    relatedDocument/parentDocument relation-target|relatedDocument/parentDocument/id relation-target-id|component body";

/// Attributes that get another value (`-` removes them), and the check that sees it.
const CHANGED: &str = "realmCode @code US realm-code|realmCode @code - realm-code|typeId @root 1.2.3 type-id|\
    typeId @extension POCD_HD000041 type-id-extension|id @root x document-id|id @root - document-id|code @code - type-code|\
    code @codeSystem - type-system|code @codeSystem 1.2.3 type-code|code @displayName - type-display|effectiveTime @value - creation-time|\
    effectiveTime @value 2021-01-01 creation-time|effectiveTime @value 20211301 creation-time|confidentialityCode @code X confidentiality|\
    confidentialityCode @codeSystem 1.2.3 confidentiality-system|confidentialityCode @code - confidentiality|languageCode @code en-US language|\
    languageCode @code - language|setId @root abc set-id|versionNumber @value un version-number|versionNumber @value - version-number|\
    ^/administrativeGenderCode @code Z patient-gender|^/administrativeGenderCode @codeSystem 1.2.3 patient-gender-system|\
    ^/birthTime @value 19791332 patient-birth-time|^/birthTime @value - patient-birth-time|author/time @value demain author-time|\
    author/assignedAuthor/id @root zz id-form|author/assignedAuthor/code @code G15_10/XX author-specialty-list|\
    author/assignedAuthor/code @codeSystem - author-specialty-list|author/functionCode @code XX author-role-list|~/id @root 1.2.3 custodian-id|\
    ~/id @extension - custodian-id-extension|legalAuthenticator/signatureCode @code X signature-code|\
    legalAuthenticator/time @value 20240230 signature-time|legalAuthenticator/assignedEntity/id @root - id-value|\
    documentationOf/serviceEvent/effectiveTime/low @value hier time-form|documentationOf/serviceEvent/code @codeSystem - code-system|\
    documentationOf/serviceEvent/code @codeSystem CCAM code-system-form|\
    documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode @code XX practice-setting-list|\
    */code @code SA99 facility-type-list|*/code @code - facility-type|*/code @codeSystem 1.2.3 facility-type-list|\
    relatedDocument @typeCode FOO relation-type|relatedDocument @typeCode APND relation-type|\
    relatedDocument/parentDocument/id @root x relation-target-id|\
    recordTarget/patientRole/telecom @value 0102030405 telecom|documentationOf/serviceEvent/effectiveTime/low @value 18500101 birth-before-act|\
    documentationOf/serviceEvent/effectiveTime/low @value 20990101 act-before-creation|author/time @value 20990101 author-before-signature|\
    documentationOf/serviceEvent/effectiveTime/high @value 18000101 act-reversed|effectiveTime @value 202301011000 time-zone";

/// Elements emptied of all that they hold.
const EMPTIED: &str = "title title|^/name patient-name|^/name/given patient-given|~/name custodian-name|^/birthplace/place/addr/county patient-birthplace-insee|\
    legalAuthenticator/assignedEntity/id signature-id|setId set-id|id document-id|author/assignedAuthor/id element-empty|*/code facility-type";

fn rules(text: &str) -> Vec<Vec<String>> {
    let words = |rule: &str| {
        let full = rule
            .replace('^', PATIENT)
            .replace('~', CUSTODIAN)
            .replace('*', FACILITY);
        full.split_whitespace().map(str::to_owned).collect()
    };
    text.split('|').map(words).collect()
}

fn parent(all: &[Found], path: &str) -> usize {
    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
    all.iter()
        .find(|one| one.path == above)
        .expect("parent")
        .start
}

/// A mutant, the check and the place that it is expected from.
struct Mutant {
    what: String,
    xml: String,
    check: String,
    path: String,
    line: u32,
}

fn mutants(name: &str, xml: &str) -> Vec<Mutant> {
    let all = elements(xml);
    let mut made = Vec::new();
    let mut make = |what: String, mutant: String, check: &str, path: &str, at: usize| {
        made.push(Mutant {
            what: format!("{name}: {what}"),
            line: line(&mutant, at),
            xml: mutant,
            check: check.to_owned(),
            path: format!("/ClinicalDocument/{path}"),
        });
    };
    for rule in rules(REMOVED) {
        let [path, check] = rule.as_slice() else {
            panic!("{rule:?}")
        };
        let Some(one) = only(&all, path) else {
            continue;
        };
        let mutant = format!("{}{}", &xml[..one.start], &xml[one.end..]);
        make(
            format!("{path} removed"),
            mutant,
            check,
            path,
            parent(&all, path),
        );
    }
    for rule in rules(CHANGED) {
        let [path, attribute, value, check] = rule.as_slice() else {
            panic!("{rule:?}")
        };
        let Some(one) = only(&all, path) else {
            continue;
        };
        let attribute = &attribute[1..];
        let value = Some(value.as_str()).filter(|value| *value != "-");
        let Some(tag) = with_attribute(&xml[one.start..one.tag_end], attribute, value) else {
            continue;
        };
        let mutant = format!("{}{tag}{}", &xml[..one.start], &xml[one.tag_end..]);
        make(
            format!("{path}/@{attribute} = {value:?}"),
            mutant,
            check,
            path,
            one.start,
        );
    }
    for rule in rules(EMPTIED) {
        let [path, check] = rule.as_slice() else {
            panic!("{rule:?}")
        };
        let Some(one) = only(&all, path) else {
            continue;
        };
        let last = path.rsplit('/').next().unwrap();
        let mutant = format!("{}<{last}/>{}", &xml[..one.start], &xml[one.end..]);
        // A document that lacks an id is told where the document starts.
        make(format!("{path} emptied"), mutant, check, path, one.start);
    }
    made
}

#[test]
fn each_mutant_is_caught_by_its_check_at_its_place() {
    let mut count = 0;
    let documents = documents();
    let has_national = documents.len() > 1;
    let mut missed = Vec::new();
    for (name, xml) in documents
        .into_iter()
        .enumerate()
        .filter(|(i, _)| *i == 0 || i % 5 == 1)
        .map(|(_, one)| one)
    {
        for Mutant {
            what,
            xml,
            check,
            path,
            line,
        } in mutants(&name, &xml)
        {
            count += 1;
            let caught = std::panic::catch_unwind(|| {
                let issues = judge(xml.as_bytes(), Validation::Guide);
                assert_caught(&what, &issues, &check, &path, line);
            });
            if caught.is_err() {
                missed.push(format!("{what} ({check})"));
            }
        }
    }
    assert_eq!(missed, Vec::<String>::new(), "of {count} mutants");
    assert!(
        count >= if has_national { 300 } else { 50 },
        "{count} mutants only"
    );
}

#[test]
fn order_repetition_and_null_flavors_are_told() {
    for (name, xml) in documents().into_iter().take(6) {
        let all = elements(&xml);
        let take =
            |path: &str| only(&all, path).map(|one| (xml[one.start..one.end].to_owned(), one));
        let Some((language, place)) = take("languageCode") else {
            continue;
        };
        let Some((_, title)) = take("title") else {
            continue;
        };
        // The title after the language: the confidentiality between them keeps its place, the title is late.
        let moved = format!(
            "{}{language}{}{}",
            &xml[..title.start],
            &xml[title.start..place.start],
            &xml[place.end..]
        );
        let title_line = line(&moved, title.start + language.len());
        let issues = judge(moved.as_bytes(), Validation::Guide);
        assert_caught(
            &name,
            &issues,
            "element-order",
            "/ClinicalDocument/title",
            title_line,
        );
        let strange = format!(
            "{}<salade code=\"1\"/>{}",
            &xml[..title.start],
            &xml[title.start..]
        );
        let issues = judge(strange.as_bytes(), Validation::Guide);
        assert_caught(
            &name,
            &issues,
            "element-unknown",
            "/ClinicalDocument/salade",
            line(&xml, title.start),
        );
        let (_, code) =
            take("componentOf/encompassingEncounter/location/healthCareFacility/code").unwrap();
        let path =
            "/ClinicalDocument/componentOf/encompassingEncounter/location/healthCareFacility/code";
        for (flavor, check) in [
            ("nullFlavor=\"UNK\" code=\"SA01\"", "null-flavor-with-value"),
            ("nullFlavor=\"FOO\"", "null-flavor"),
        ] {
            let null = format!("{}<code {flavor}/>{}", &xml[..code.start], &xml[code.end..]);
            let issues = judge(null.as_bytes(), Validation::Guide);
            // The reader refuses what has no type; its name is the one of the first check.
            let told = issues.iter().any(|one| {
                one.line == Some(line(&null, code.start))
                    && one.path.as_deref().is_some_and(|at| at.starts_with(path))
            });
            assert!(told, "{name} {check}: {issues:?}");
        }
        let own = only(&all, "id").unwrap();
        let id = &xml[own.start..own.end];
        let related = format!(
            "<relatedDocument typeCode=\"RPLC\"><parentDocument>{id}</parentDocument></relatedDocument>"
        );
        let before = all
            .iter()
            .find(|one| one.path == "componentOf")
            .unwrap()
            .start;
        if only(&all, "relatedDocument").is_none() {
            let itself = format!("{}{related}{}", &xml[..before], &xml[before..]);
            let issues = judge(itself.as_bytes(), Validation::Guide);
            let path = "/ClinicalDocument/relatedDocument/parentDocument/id";
            assert_caught(
                &name,
                &issues,
                "replaces-itself",
                path,
                line(&itself, before),
            );
        }
    }
}

#[test]
fn codes_outside_their_list_are_refused_in_strict_mode_only() {
    let (_, xml) = documents().swap_remove(0);
    let wrong = xml.replace("SA01", "SA99");
    for (mode, is_refused) in [(Validation::Guide, false), (Validation::Strict, true)] {
        let issues = judge(wrong.as_bytes(), mode);
        let issue = issues
            .iter()
            .find(|one| one.check == "facility-type-list")
            .expect("told");
        assert_eq!(
            issue.severity == passerelle::error::Severity::Error,
            is_refused
        );
        assert_eq!(issue.code, passerelle::error::Code::CodeInvalid);
        assert!(issue.message_fr.contains("SA99"), "{}", issue.message_fr);
    }
}
