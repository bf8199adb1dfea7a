//! Every way for XML to be wrong is told with its code, its FHIRPath and its place; hostile XML is refused at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use passerelle::error::Code;
use passerelle::translate::wire;

const OPEN: &str = "<Patient xmlns=\"http://hl7.org/fhir\">";

fn patient(content: &str) -> String {
    format!("{OPEN}{content}</Patient>")
}

/// Code, path, line and column of each problem.
fn told(text: &str) -> Vec<(&'static str, String, String)> {
    let Err(error) = wire::read_xml(text.as_bytes(), "Patient") else {
        return Vec::new();
    };
    let place = |issue: &passerelle::error::Issue| {
        let place = issue
            .position
            .map(|at| format!("{}:{}", at.line, at.column));
        place.unwrap_or_default()
    };
    let issues = error.issues.iter();
    issues
        .map(|issue| {
            let path = issue.expression.clone().unwrap_or_default();
            (issue.code.as_str(), path, place(issue))
        })
        .collect()
}

/// The place and the word of a text that is no XML.
fn malformed(text: impl AsRef<[u8]>) -> String {
    let error = wire::read_xml(text.as_ref(), "Patient").expect_err("refused");
    assert_eq!(error.code(), Code::Malformed);
    let detail = error.issues[0]
        .params
        .iter()
        .find(|(name, _)| *name == "detail");
    detail.unwrap().1.clone()
}

#[test]
fn each_problem_is_told_with_path_and_place() {
    for (content, code, path, place) in [
        (
            "<name>\n<nom value='a'/></name>",
            "unsupported-element",
            "Patient.name[0].nom",
            "2:1",
        ),
        (
            "<active value='true' tone='a'/>",
            "unsupported-element",
            "Patient.active.tone",
            "1:38",
        ),
        (
            "<name url='a'/>",
            "unsupported-element",
            "Patient.name[0].url",
            "1:38",
        ),
        (
            "<active value='true'/>\n <active value='true'/>",
            "element-invalid",
            "Patient.active",
            "2:2",
        ),
        (
            "<birthDate value='2024'/>\n<gender value='male'/>",
            "element-invalid",
            "Patient.gender",
            "2:1",
        ),
        (
            "<active value='oui'/>",
            "element-invalid",
            "Patient.active",
            "1:38",
        ),
        (
            "<active value=''/>",
            "element-invalid",
            "Patient.active",
            "1:38",
        ),
        ("<active/>", "element-invalid", "Patient.active", "1:38"),
        ("<name/>", "element-invalid", "Patient.name[0]", "1:38"),
        (
            "<active value='true'>é</active>",
            "element-invalid",
            "Patient.active",
            "1:59",
        ),
        (
            "<name>\n<family value='a'/>x</name>",
            "element-invalid",
            "Patient.name[0]",
            "2:20",
        ),
        (
            "<gender value='male'/>&#65;",
            "element-invalid",
            "Patient",
            "1:60",
        ),
        (
            "<gender value='homme'/>",
            "code-invalid",
            "Patient.gender",
            "1:38",
        ),
        (
            "<active xmlns='' value='true'/>",
            "element-invalid",
            "Patient.active",
            "1:38",
        ),
        (
            "<active xmlns='urn:x' value='true'/>",
            "element-invalid",
            "Patient.active",
            "1:38",
        ),
        (
            "<sexe xmlns='urn:x' value='true'/>",
            "element-invalid",
            "Patient",
            "1:38",
        ),
        (
            "<extension><valueCode value='a'/></extension>",
            "element-required",
            "Patient.extension[0].url",
            "1:38",
        ),
        (
            "<extension url='u'><valueFoo value='a'/></extension>",
            "element-invalid",
            "Patient.extension[0].value",
            "1:57",
        ),
        (
            "<deceasedBoolean value='true'/><deceasedDateTime value='2024'/>",
            "element-invalid",
            "Patient.deceased",
            "1:38",
        ),
        (
            "<contained/>",
            "element-invalid",
            "Patient.contained[0]",
            "1:38",
        ),
        (
            "<contained><Autre/></contained>",
            "unsupported-element",
            "Patient.contained[0]",
            "1:49",
        ),
        (
            "<contained><Organization><name value='a'/></Organization></contained>",
            "element-required",
            "Patient.contained[0].id",
            "1:38",
        ),
        (
            "<text><status value='generated'/><p xmlns='http://www.w3.org/1999/xhtml'/></text>",
            "element-invalid",
            "Patient.text",
            "1:71",
        ),
    ] {
        let found = told(&patient(content));
        let expected = (code, path.to_owned(), place.to_owned());
        assert!(found.contains(&expected), "{content}: {found:?}");
        assert!(found.len() <= 2, "{content}: {found:?}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let content = "<nom value='a'/><active value='oui'/><name>x</name><gender value='homme'/>";
    let codes: Vec<_> = told(&patient(content))
        .into_iter()
        .map(|(_, path, _)| path)
        .collect();
    assert_eq!(
        codes,
        [
            "Patient.nom",
            "Patient.name[0]",
            "Patient.active",
            "Patient.gender"
        ]
    );
}

#[test]
fn another_root_is_refused() {
    let other = told("<Consent xmlns='http://hl7.org/fhir'/>");
    assert_eq!(other, [("element-invalid", "Patient".into(), "1:1".into())]);
    let none = told("<Patient/>");
    assert_eq!(none, [("element-invalid", "Patient".into(), "1:1".into())]);
}

#[test]
fn what_means_nothing_is_passed_over() {
    let good = "\u{FEFF}<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<!-- a -->\n\
        <f:Patient xmlns:f='http://hl7.org/fhir' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'\
        xsi:schemaLocation='http://hl7.org/fhir patient.xsd'>\
        <!-- b --><f:active value='true'><!-- c --></f:active>&#32;<![CDATA[ ]]></f:Patient>\n<!-- d -->";
    let good = good.replace("instance'x", "instance' x");
    let read = wire::read_xml(good.as_bytes(), "Patient").unwrap();
    assert_eq!(
        read,
        serde_json::json!({"resourceType": "Patient", "active": true})
    );
}

#[test]
fn narratives_come_as_they_stand_alone() {
    let div = |written: &str| {
        let text = format!(
            "<Patient xmlns='http://hl7.org/fhir' xmlns:h='http://www.w3.org/1999/xhtml'><text><status value='generated'/>{written}</text></Patient>"
        );
        let read = wire::read_xml(text.as_bytes(), "Patient").map_err(|error| error.code())?;
        Ok(read["text"]["div"].as_str().unwrap().to_owned())
    };
    let same =
        "<div xmlns=\"http://www.w3.org/1999/xhtml\" lang='fr'>a &lt; &quot;<br/><!-- c --></div>";
    assert_eq!(div(same), Ok(same.to_owned()));
    assert_eq!(
        div("<h:div class='a'>b<h:br/><h:p></h:p><![CDATA[<script>]]>&#38;</h:div>"),
        Ok("<div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"a\">b<br/><p></p>&lt;script&gt;&amp;</div>".to_owned())
    );
    let foreign = "<div xmlns='http://www.w3.org/1999/xhtml'><svg xmlns='urn:svg'/></div>";
    assert_eq!(div(foreign), Err(Code::Malformed));
    assert_eq!(
        div("<div xmlns='http://www.w3.org/1999/xhtml'>&nbsp;</div>"),
        Err(Code::Malformed)
    );
}

#[test]
fn narratives_of_json_come_back_as_they_were_given() {
    let given = |div: &str| {
        let resource = serde_json::json!({"resourceType": "Patient", "text": {"status": "generated", "div": div}});
        let xml = wire::write_xml(&resource).unwrap();
        let read = wire::read_xml(xml.as_bytes(), "Patient").unwrap();
        assert_eq!(wire::write_xml(&read).unwrap(), xml, "{div}");
        read["text"]["div"].as_str().unwrap().to_owned()
    };
    let whole = "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a<!-- b --></p></div>";
    assert_eq!(given(whole), whole);
    for around in ["  ", "\n", "<!-- c -->", "\n<!-- c -->\n"] {
        assert_eq!(given(&format!("{whole}{around}")), whole);
    }
    let anew = "<div xmlns=\"http://www.w3.org/1999/xhtml\">&lt;b&gt;</div>";
    assert_eq!(given(&anew.replace("&lt;b&gt;", "<![CDATA[<b>]]>")), anew);
    let prefixed = "<x:div xmlns:x=\"http://www.w3.org/1999/xhtml\">&lt;b&gt;</x:div>";
    assert_eq!(given(prefixed), anew);
    // What is no narrative is shown as text.
    for other in ["<b>", "<div>a</div>", &format!("{whole}{whole}"), "<?a?>"] {
        let shown = other.replace('<', "&lt;").replace('>', "&gt;");
        assert_eq!(given(other), anew.replace("&lt;b&gt;", &shown));
    }
}

#[test]
fn what_is_no_xml_is_told_by_place_only() {
    for (text, told) in [
        (String::new(), "1:1, no element"),
        ("{}".into(), "1:1, content outside the root element"),
        (
            patient("<active value='true'/>").replace("</Patient>", ""),
            "1:60, the document ends before its root does",
        ),
        (
            patient("\n<active value='true'></name>"),
            "2:22, end tag that does not close the open element",
        ),
        (patient("<active value=true/>"), "1:52, malformed attribute"),
        (
            patient("<active value='a' value='b'/>"),
            "1:56, attribute that is there twice",
        ),
        (patient("<active value='<'/>"), "1:53, malformed attribute"),
        (
            patient("<a:active value='true'/>"),
            "1:38, undeclared namespace prefix",
        ),
        (
            patient("<active value='&nom;'/>"),
            "1:53, unknown or malformed entity reference",
        ),
        (
            patient("&nom;"),
            "1:38, unknown or malformed entity reference",
        ),
        (patient("<?php a?>"), "1:38, processing instruction"),
        (
            format!("<?xml-stylesheet href='a'?>{}", patient("")),
            "1:1, processing instruction",
        ),
        (
            format!("{}{}", patient(""), patient("")),
            "1:48, content outside the root element",
        ),
        (
            format!("<?xml version='1.0' encoding='ISO-8859-1'?>{}", patient("")),
            "1:1, unsupported encoding",
        ),
        (
            format!("<?xml version='1.0' encoding='UTF-16'?>{}", patient("")),
            "1:1, unsupported encoding",
        ),
        (
            format!("<?xml version='1.1'?>{}", patient("")),
            "1:1, invalid XML declaration",
        ),
        (
            patient("<active value='\u{1}'/>"),
            "1:53, character that XML does not allow",
        ),
    ] {
        assert_eq!(malformed(&text), told, "{text}");
    }
    let mut wide = vec![0xFF, 0xFE];
    wide.extend(patient("").encode_utf16().flat_map(u16::to_le_bytes));
    assert!(malformed(&wide).starts_with("1:1, "));
    assert!(malformed([b'<', 0, b'P', 0]).ends_with("character that XML does not allow"));
    assert_eq!(
        malformed(b"<Patient>\n\xE9</Patient>"),
        "2:1, unsupported encoding"
    );
}

#[test]
fn hostile_xml_is_refused_at_once() {
    let laughs = "<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;&lol;&lol;'>]>";
    let outside = "<!DOCTYPE Patient [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]>";
    let nested = |count: usize| {
        let open = "<extension url='u'>".repeat(count);
        patient(&format!("{open}{}", "</extension>".repeat(count)))
    };
    let namespaces: String = (0..120).map(|n| format!(" xmlns:n{n}='u'")).collect();
    let attributes: String = (0..100_000).map(|n| format!(" a{n}='u'")).collect();
    let started = Instant::now();
    for (text, word) in [
        (
            format!("{laughs}{}", patient("<active value='&lol2;'/>")),
            "DOCTYPE",
        ),
        (
            format!("{outside}{}", patient("<active value='&xxe;'/>")),
            "DOCTYPE",
        ),
        (nested(40), "depth > 64"),
        (nested(200_000), "depth > 64"),
        (patient(&"<active/>".repeat(200_000)), "elements > 100000"),
        (
            patient(&format!("<name{namespaces}/>")),
            "too many attributes",
        ),
        (
            patient(&format!("<name{attributes}/>")),
            "too many attributes",
        ),
        (
            patient(&format!("<{}/>", "n".repeat(1_000_000))),
            "value too long",
        ),
        (
            format!("{OPEN}<active value='{}", "a".repeat(2_000_000)),
            "",
        ),
    ] {
        let told = malformed(&text);
        assert!(told.contains(word), "{told}");
    }
    let long = patient(&format!(
        "<name><family value='{}'/></name>",
        "a".repeat(2_000_000)
    ));
    let found = told(&long);
    assert_eq!(found[0].1, "Patient.name[0].family");
    let many = told(&patient(&"<nom/>".repeat(90_000)));
    assert_eq!(many.len(), wire::MAX_ISSUES);
    // Generous, for builds without optimisation: nothing here may take time that grows faster than the text.
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}
