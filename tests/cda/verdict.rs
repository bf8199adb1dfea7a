//! The verdict of `cda check`, which is the one at deposit.

use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::person::AuthorKind;
use passerelle::error::{Code, Severity};
use passerelle::tables::Tables;
use passerelle::translate::Reading;
use passerelle::translate::cda::{CdaIssue, check, read_header, to_metadata};

use super::corpus::documents;
use super::sample::{Sample, with};

fn judge(xml: &[u8], environment: Environment, validation: Validation) -> Vec<CdaIssue> {
    let tables = Tables::built_in();
    let reading = Reading {
        tables: &tables,
        environment,
        validation,
        base_url: "",
    };
    // The named checks that only warn have tests of their own (`tests/cda_mutants.rs`).
    let mut issues = check(xml, &reading);
    issues.retain(|issue| issue.code != Code::CdaDeviation);
    issues
}

fn guide(xml: &str) -> Vec<CdaIssue> {
    judge(xml.as_bytes(), Environment::Test, Validation::Guide)
}

fn errors(issues: &[CdaIssue]) -> Vec<(Code, &str)> {
    let errors = issues.iter().filter(|one| one.severity == Severity::Error);
    errors
        .map(|one| (one.code, one.path.as_deref().unwrap_or_default()))
        .collect()
}

#[test]
fn every_national_document_is_accepted_and_only_its_ins_is_odd() {
    for (name, bytes) in documents() {
        let issues = judge(&bytes, Environment::Test, Validation::Guide);
        assert_eq!(errors(&issues), [], "{name}");
        for issue in issues {
            assert_eq!(issue.code, Code::InsInvalid, "{name}: {issue:?}");
            assert!(issue.line.is_some(), "{name}");
        }
        let issues = judge(&bytes, Environment::Test, Validation::Strict);
        let is_odd = |one: &CdaIssue| one.code != Code::InsInvalid;
        assert!(!issues.iter().any(is_odd), "{name}: {issues:?}");
        let issues = judge(&bytes, Environment::Production, Validation::Guide);
        let test_root = String::from_utf8_lossy(&bytes).contains("1.2.250.1.213.1.4.10");
        assert!(!test_root || !errors(&issues).is_empty(), "{name}");
    }
}

#[test]
fn our_document_is_accepted_everywhere_it_should_be() {
    let xml = Sample::default().xml();
    assert_eq!(guide(&xml), []);
    assert_eq!(
        judge(xml.as_bytes(), Environment::Test, Validation::Strict),
        []
    );
    let issues = judge(xml.as_bytes(), Environment::Production, Validation::Guide);
    let path = "/ClinicalDocument/recordTarget/patientRole/id";
    assert_eq!(errors(&issues), [(Code::InsInvalid, path)]);
}

#[test]
fn what_the_dmp_requires_is_missed_by_its_path_and_place() {
    let setting =
        "<standardIndustryClassCode code=\"ETABLISSEMENT\" codeSystem=\"1.2.250.1.213.1.1.4.9\"/>";
    for (xml, path) in [
        (with(|s| s.authors.clear()), "/ClinicalDocument/author"),
        (with(|s| s.custodian.clear()), "/ClinicalDocument/custodian"),
        (
            with(|s| s.encounter.clear()),
            "/ClinicalDocument/componentOf/encompassingEncounter/location/healthCareFacility/code",
        ),
        (
            with(|s| s.patient_ids = "<id root='1.2.3' extension='1'/>".into()),
            "/ClinicalDocument/recordTarget/patientRole/id",
        ),
        (
            Sample::default().xml().replace(setting, ""),
            "/ClinicalDocument/documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode",
        ),
        (
            Sample::default()
                .xml()
                .replace("1.2.250.1.213.1.1.1.40", "1.2.9"),
            "/ClinicalDocument/templateId",
        ),
    ] {
        let issues = guide(&xml);
        assert_eq!(errors(&issues), [(Code::CdaInvalid, path)]);
        let parent = path.rsplit_once('/').expect("parent").0;
        let name = parent.rsplit('/').next().expect("name");
        let near = [
            path.rsplit('/').next().expect("name"),
            name,
            "serviceEvent",
            "ClinicalDocument",
        ];
        let line = xml
            .lines()
            .nth(issues[0].line.expect("line") as usize - 1)
            .expect("line");
        assert!(
            near.iter().any(|name| line.contains(name)),
            "{path}: {line}"
        );
        assert!(issues[0].expected.is_some(), "{path}");
    }
}

#[test]
fn what_another_element_can_tell_is_completed_in_guide_mode_only() {
    let practice = with(|s| {
        let bare = s.acts.split("<performer").next().expect("act").to_owned();
        s.acts = format!("{bare}</serviceEvent></documentationOf>");
    });
    for (xml, path) in [
        (with(|s| s.title.clear()), "/ClinicalDocument/title"),
        (
            with(|s| s.language.clear()),
            "/ClinicalDocument/languageCode/@code",
        ),
        (
            with(|s| s.legal.clear()),
            "/ClinicalDocument/legalAuthenticator",
        ),
        (
            with(|s| s.confidentiality.clear()),
            "/ClinicalDocument/confidentialityCode",
        ),
        (
            Sample::default()
                .xml()
                .replace("<low value=\"20240301100000+0100\"/>", ""),
            "/ClinicalDocument/documentationOf/serviceEvent/effectiveTime/low",
        ),
        (
            practice,
            "/ClinicalDocument/documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode",
        ),
    ] {
        let issues = guide(&xml);
        assert_eq!(errors(&issues), [], "{path}");
        assert_eq!(issues.len(), 1, "{path}: {issues:?}");
        assert_eq!(issues[0].path.as_deref(), Some(path));
        let issues = judge(xml.as_bytes(), Environment::Test, Validation::Strict);
        assert_eq!(errors(&issues), [(Code::CdaInvalid, path)]);
    }
}

#[test]
fn types_labels_and_relations_are_judged() {
    let code = |code: &str| {
        let code = format!(r#"<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/>"#);
        with(|s| s.code = code)
    };
    let path = "/ClinicalDocument/code";
    assert_eq!(
        errors(&guide(&code("0-0"))),
        [(Code::TypeNotInMatrix, path)]
    );
    let secret =
        with(|s| s.confidentiality = "<confidentialityCode code='X' codeSystem='1.2'/>".into());
    let path = "/ClinicalDocument/confidentialityCode";
    assert_eq!(errors(&guide(&secret)), [(Code::CodeInvalid, path)]);
    let related = |kind: &str| {
        let related = format!(
            "<relatedDocument typeCode='{kind}'><parentDocument><id root='1.2.3'/></parentDocument></relatedDocument>"
        );
        with(|s| s.related = related)
    };
    assert_eq!(guide(&related("RPLC")), []);
    let path = "/ClinicalDocument/relatedDocument";
    assert_eq!(
        errors(&guide(&related("APND"))),
        [(Code::UnsupportedElement, path)]
    );
    let path = "/ClinicalDocument/relatedDocument/@typeCode";
    assert_eq!(errors(&guide(&related("FOO"))), [(Code::CdaInvalid, path)]);
}

#[test]
fn an_ins_is_judged_by_environment_and_mode() {
    let wrong = "<id root='1.2.250.1.213.1.4.10' extension='279035121518980'/>";
    let xml = with(|s| s.patient_ids = format!("<id root='1.2.3' extension='IPP'/>{wrong}"));
    let issues = guide(&xml);
    assert_eq!(errors(&issues), []);
    let path = "/ClinicalDocument/recordTarget/patientRole/id[2]";
    assert_eq!(issues[0].path.as_deref(), Some(path));
    let line = xml
        .lines()
        .nth(issues[0].line.expect("line") as usize - 1)
        .expect("line");
    let rest = line
        .chars()
        .skip(issues[0].column.expect("column") as usize - 1);
    assert!(rest.collect::<String>().starts_with(wrong));
    let strict = judge(xml.as_bytes(), Environment::Test, Validation::Strict);
    assert_eq!(errors(&strict), [(Code::InsInvalid, path)]);
    let short = with(|s| s.patient_ids = "<id root='1.2.250.1.213.1.4.10' extension='1'/>".into());
    assert_eq!(errors(&guide(&short)).len(), 1);
}

#[test]
fn the_name_of_an_authority_has_no_blanks_inside() {
    for (good, bad, column) in [
        (
            "root=\"1.2.250.1.71.4.2.2\"",
            "root=\"1.2.250 .1.71.4.2.2\"",
            "<id ",
        ),
        (
            "codeSystem=\"1.2.250.1.213.1.1.4.9\"",
            "codeSystem=\"1.2.250.1.213.1.1.\u{a0}4.9\"",
            "<standardIndustryClassCode ",
        ),
    ] {
        let xml = Sample::default().xml();
        let xml = xml.replacen(good, bad, 1);
        let issues = guide(&xml);
        let issue = &issues[0];
        assert_eq!(
            (issue.code, issue.check.as_str()),
            (Code::CdaInvalid, "identifier")
        );
        let line = xml.lines().nth(issue.line.unwrap() as usize - 1).unwrap();
        let at: String = line
            .chars()
            .skip(issue.column.unwrap() as usize - 1)
            .collect();
        assert!(at.starts_with(column), "{at}");
    }
}

#[test]
fn several_problems_are_told_at_once() {
    let xml = with(|s| {
        s.id.clear();
        s.effective_time = "<effectiveTime value='2023-01-01'/>".into();
        s.code.clear();
    });
    let paths: Vec<_> = guide(&xml).into_iter().filter_map(|one| one.path).collect();
    assert_eq!(
        paths,
        [
            "/ClinicalDocument/effectiveTime/@value",
            "/ClinicalDocument/id",
            "/ClinicalDocument/code",
        ]
    );
}

#[test]
fn a_short_offset_is_read_with_a_warning() {
    let xml = with(|s| s.birth_time = "<birthTime value='197903281000+100'/>".into());
    let issues = guide(&xml);
    assert_eq!((errors(&issues).len(), issues.len()), (0, 1));
    let header = read_header(xml.as_bytes()).expect("header");
    assert_eq!(
        header.birth_date.expect("time").to_hl7(),
        "197903281000+0100"
    );
}

#[test]
fn authors_are_told_apart() {
    let author = |inside: &str| {
        let xml = with(|s| {
            s.authors = format!("<author><assignedAuthor>{inside}</assignedAuthor></author>");
        });
        let tables = Tables::built_in();
        let reading = Reading {
            tables: &tables,
            environment: Environment::Test,
            validation: Validation::Guide,
            base_url: "",
        };
        let header = read_header(xml.as_bytes()).expect("header");
        let (metadata, _) = to_metadata(&header, xml.as_bytes(), &reading).expect("metadata");
        assert_eq!(metadata.source_patient.ids.len(), 1);
        metadata.authors[0].kind.clone()
    };
    let person = "<assignedPerson><name><family>A</family></name></assignedPerson>";
    let device =
        "<assignedAuthoringDevice><softwareName>S</softwareName></assignedAuthoringDevice>";
    let ps = "<id root='1.2.250.1.71.4.2.1' extension='899900000001'/>";
    let ins = "<id root='1.2.250.1.213.1.4.10' extension='279035121518989'/>";
    let organization = "<representedOrganization><name>O</name></representedOrganization>";
    assert_eq!(author(&format!("{ps}{person}")), AuthorKind::Professional);
    assert_eq!(author(&format!("{ps}{device}")), AuthorKind::Device);
    assert_eq!(author(&format!("{ins}{person}")), AuthorKind::Patient);
    assert_eq!(author(organization), AuthorKind::Organization);
}
