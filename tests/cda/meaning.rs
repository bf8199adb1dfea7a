//! What the words of the header come to mean, on a document of our own.

use passerelle::dmp::document::ReferenceKind;
use passerelle::tables::Tables;
use passerelle::translate::cda::{BodyKind, CdaHeader, metadata_json, read_header};
use serde_json::{Value, json};

use super::corpus::encodings;
use super::sample::{ORGANIZATION, Sample, with};

fn header(xml: &str) -> CdaHeader {
    read_header(xml.as_bytes()).unwrap_or_else(|issue| panic!("{}", issue.english()))
}

fn json_of(xml: &str) -> Value {
    metadata_json(&header(xml), xml.as_bytes(), &Tables::built_in())
}

#[test]
fn a_whole_header_becomes_the_json_of_the_contract() {
    let xml = Sample::default().xml();
    let found = json_of(&xml);
    let code = |code: &str, system: &str| json!({ "code": code, "system_oid": system });
    let ps = json!({ "root": "1.2.250.1.71.4.2.1", "extension": "899900000001" });
    let mut expected = json!({
        "unique_id": "1.2.250.1.999.1.1",
        "set_id": "1.2.250.1.999.1",
        "version": 3,
        "type": { "code": "11488-4", "system_oid": "2.16.840.1.113883.6.1", "display": "Consultation" },
        "class": code("10", "1.2.250.1.213.1.1.4.1"),
        "format": code("urn:asip:ci-sis:cr-anest:2020", "1.2.250.1.213.1.1.4.2.282"),
        "title": "Compte rendu d’été & détails",
        "language": "fr-FR",
        "confidentiality": [code("N", "2.16.840.1.113883.5.25")],
        "creation_time": "20240301103000+0100",
        "service_start": "20240301100000+0100",
        "service_stop": "20240301",
        "patient_ids": [
            { "root": "1.2.250.1.213.1.4.10", "extension": "279035121518989" },
            { "root": "1.2.3.4", "extension": "IPP1" },
        ],
        "source_patient": {
            "family_birth": "ZZSECRET",
            "family_used": "ZZUSED",
            "given": "Anne Marie Anne",
            "birth_date": "19790328",
            "sex": "F",
        },
        "authors": [{
            "id": ps,
            "family": "ZZSECRET",
            "given": "Ève ",
            "specialty": code("G15_10/SM26", "1.2.250.1.213.1.1.4.5"),
            "role": code("PCP", "2.16.840.1.113883.5.88"),
            "institution": { "id": "10B0000001", "name": "Hôpital de l’Essai" },
            "device": null,
        }],
        "legal_authenticator": { "id": ps, "family": "ZZSECRET", "given": "Ève " },
        "facility_type": code("SA01", "1.2.250.1.71.4.2.4"),
        "practice_setting": code("ETABLISSEMENT", "1.2.250.1.213.1.1.4.9"),
        "events": [code("JQGA003", "1.2.250.1.213.2.5")],
        "replaces": [],
        "references": [],
        "template_ids": ["1.2.250.1.213.1.1.1.1", "1.2.250.1.213.1.1.1.40^2022.01"],
        "body": "structured",
        "media_type": null,
        "size": xml.len(),
    });
    expected["sha1"] = found["sha1"].clone();
    assert_eq!(found, expected);
    assert_eq!(found["sha1"].as_str().map(str::len), Some(40));
}

#[test]
fn the_prefix_of_the_namespace_and_the_wrapper_do_not_matter() {
    let plain = header(&Sample::default().xml());
    let prefixed = Sample::default().xml();
    let prefixed = prefixed.replace("<?xml", "\0").replace("</", "\u{1}");
    let prefixed = prefixed.replace('<', "<c:").replace('\u{1}', "</c:");
    let prefixed = prefixed
        .replace('\0', "<?xml")
        .replace("xmlns=", "xmlns:c=");
    assert_eq!(header(&prefixed), plain);
    let document = Sample::default().xml();
    let document = document.split_once("?>").expect("declaration").1.to_owned();
    for (open, close) in [("<d:Contenu>", "</d:Contenu>"), ("", "")] {
        let sheet = format!(
            r#"<s:stylesheet version="1.0" xmlns:s="http://www.w3.org/1999/XSL/Transform" xmlns:d="urn:d"><s:param name="a"/>{open}{document}{close}<s:template match="/"/></s:stylesheet>"#
        );
        assert_eq!(header(&sheet), plain);
        let whole = passerelle::translate::cda::read_whole(sheet.as_bytes());
        assert_eq!(whole.expect("whole").0, plain);
    }
}

#[test]
fn our_document_is_the_same_in_every_encoding() {
    let xml = Sample::default().xml();
    let plain = header(&xml);
    for (encoding, bytes) in encodings(&xml) {
        assert_eq!(read_header(&bytes).as_ref(), Ok(&plain), "{encoding}");
    }
}

#[test]
fn the_main_act_is_the_first_with_a_performer() {
    let act = |code: &str, time: &str, performer: &str| {
        format!(
            r#"<documentationOf><serviceEvent><code code="{code}" codeSystem="1.2"/><effectiveTime{time}</effectiveTime>{performer}</serviceEvent></documentationOf>"#
        )
    };
    let performer =
        format!("<performer><assignedEntity>{ORGANIZATION}</assignedEntity></performer>");
    let bare = act("A", r#" value="2020">"#, "");
    let low = act("B", r#" value="2021"><low value="2022"/>"#, &performer);
    let third = act(
        "C",
        r#"><low nullFlavor="UNK"/><high value="2023"/>"#,
        &performer,
    );
    let times = |xml: String| {
        let header = header(&xml);
        let hl7 = |time: Option<passerelle::dmp::time::Timestamp>| time.map(|t| t.to_hl7());
        let setting = header.practice_setting.is_some();
        (hl7(header.service_start), hl7(header.service_stop), setting)
    };
    let some = |text: &str| Some(text.to_owned());
    let xml = with(|s| s.acts = format!("{bare}{low}{third}"));
    assert_eq!(header(&xml).events.len(), 3);
    assert_eq!(times(xml), (some("2022"), None, true));
    assert_eq!(times(with(|s| s.acts = third)), (None, some("2023"), true));
    assert_eq!(times(with(|s| s.acts = bare)), (some("2020"), None, false));
    assert_eq!(times(with(|s| s.acts.clear())), (None, None, false));
}

#[test]
fn null_flavours_and_foreign_elements_say_nothing() {
    let xml = with(|s| {
        s.confidentiality = r#"<confidentialityCode nullFlavor="UNK"/>"#.into();
        s.sex = r#"<administrativeGenderCode code="M" nullFlavor="NI"/><lab:sex code="M"/>"#.into();
        s.birth_time = r#"<birthTime nullFlavor="UNK"/><lab:birthTime value="1900"/>"#.into();
        s.patient_ids = r#"<id nullFlavor="NI"/><lab:id root="1.2"/><id root="1.2.3"/>"#.into();
        s.authors = "<author><assignedAuthor><id nullFlavor='NA'/><id root='1.9'/><assignedAuthoringDevice><manufacturerModelName>.</manufacturerModelName><softwareName>Automate</softwareName></assignedAuthoringDevice></assignedAuthor></author>".into();
        s.title =
            "<title>\n   <!-- c -->Un <![CDATA[<titre>]]>\n </title><lab:title>non</lab:title>"
                .into();
    });
    let header = header(&xml);
    assert_eq!(header.confidentiality, []);
    assert_eq!((header.sex, header.birth_date), (None, None));
    assert_eq!(header.patient_ids.len(), 1);
    assert_eq!(header.title.as_deref(), Some("Un <titre>"));
    let author = &header.authors[0];
    assert_eq!(author.id.as_ref().map(|id| id.root.as_str()), Some("1.9"));
    assert_eq!(author.device.as_deref(), Some("Automate"));
}

#[test]
fn names_are_told_apart_by_their_qualifiers() {
    for (name, birth, used, given) in [
        (
            "<family>A</family><given>B</given>",
            None,
            Some("A"),
            Some("B"),
        ),
        (
            "<family>A</family><family qualifier='CL'>C</family>",
            None,
            Some("C"),
            None,
        ),
        (
            "<family qualifier='BR'>A</family><given/>",
            Some("A"),
            None,
            None,
        ),
        (
            "<given>Jean</given><family qualifier='PR BR'>A</family><given>Jean</given>",
            Some("A"),
            None,
            Some("Jean Jean"),
        ),
    ] {
        let header = header(&with(|s| s.patient_name = format!("<name>{name}</name>")));
        let found = (header.family_birth, header.family_used, header.given);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        assert_eq!(found, (owned(birth), owned(used), owned(given)), "{name}");
    }
}

#[test]
fn orders_accessions_and_studies_are_referenced() {
    let orders = r#"<inFulfillmentOf><order><id root="1.2.8" extension="O1"/><ps:accessionNumber root="1.2.9" extension="A1"/></order></inFulfillmentOf><inFulfillmentOf><order><id root="1.2.8"/></order></inFulfillmentOf>"#;
    let study = r#"<documentationOf><serviceEvent><id root="1.2.840.1"/></serviceEvent></documentationOf><documentationOf><serviceEvent><id root="1.2.840.2" extension="X"/></serviceEvent></documentationOf>"#;
    let imaging = r#"<code code="18748-4" codeSystem="2.16.840.1.113883.6.1"/>"#;
    let xml = with(|s| {
        s.orders = orders.into();
        s.acts = study.into();
        s.code = imaging.into();
    });
    assert_eq!(
        json_of(&xml)["references"],
        json!([
            { "id": "1.2.8^O1", "type": "order" },
            { "id": "1.2.9^A1", "type": "accession" },
            { "id": "1.2.8", "type": "order" },
            { "id": "1.2.840.1", "type": "studyInstanceUID" },
        ])
    );
    let xml = with(|s| s.acts = study.into());
    let kinds = header(&xml).references.into_iter().map(|one| one.kind);
    assert!(
        !kinds
            .collect::<Vec<_>>()
            .contains(&ReferenceKind::StudyInstanceUid)
    );
}

#[test]
fn ids_are_printed_as_written() {
    let xml = with(|s| {
        s.id = r#"<id root="AAAAAAAA-0000-4000-8000-00000000000B" extension="x/1"/>"#.into();
        s.related = r#"<relatedDocument typeCode="RPLC"><parentDocument><id root="BBBBBBBB-0000-4000-8000-00000000000B"/></parentDocument></relatedDocument>"#.into();
    });
    let found = json_of(&xml);
    assert_eq!(
        found["unique_id"],
        "AAAAAAAA-0000-4000-8000-00000000000B^x/1"
    );
    let replaced = json!([{ "relation": "RPLC", "id": "BBBBBBBB-0000-4000-8000-00000000000B" }]);
    assert_eq!(found["replaces"], replaced);
}

#[test]
fn an_unstructured_body_gives_its_media_type_and_its_format() {
    let xml = with(|s| {
        s.body = r#"<component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0x</text></nonXMLBody></component>"#.into();
    });
    let xml = xml.replace(
        r#"root="1.2.250.1.213.1.1.1.40" extension="2022.01""#,
        r#"root="1.3.6.1.4.1.19376.1.2.20""#,
    );
    assert_eq!(header(&xml).body, BodyKind::Unstructured);
    let found = json_of(&xml);
    assert_eq!(found["media_type"], "application/pdf");
    assert_eq!(found["format"]["code"], "urn:ihe:iti:xds-sd:pdf:2008");
}
