//! Writes the CDA R2 documents of the demonstration: the header that the CI-SIS "structuration minimale" asks for, and a short body.
//! Bodies are narrative only: they show where text stands, not the coded entries of the content models.

use std::fmt::Write as _;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::cards::DemoStructure;
use super::world::DemoPatient;
use crate::dmp::person::PersonName;

/// The arc under which the demonstration names what it makes: `2.25` and a UUID drawn once. Below it: `.1` documents, `.2` version sets,
/// `.3` stays, `.4` local patient numbers, `.5` orders, `.6` submissions, `.7` the depositing software.
pub const ARC: &str = "2.25.291547788731639538126744639469724212631";

/// Who writes, signs and performs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// PS_IdNat.
    pub id: &'static str,
    /// Family name.
    pub family: &'static str,
    /// Given name.
    pub given: &'static str,
    /// `authorSpecialty` (TRE_A02) and its label.
    pub specialty: (&'static str, &'static str),
    /// Where he writes.
    pub structure: DemoStructure,
}

/// What kind of place a structure is, as the header tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// `healthcareFacilityTypeCode` (TRE_R02) and its label.
    pub facility: (&'static str, &'static str),
    /// `practiceSettingCode` (TRE_A01) and its label.
    pub setting: (&'static str, &'static str),
    /// Kind of encounter (HL7 ActCode).
    pub encounter: &'static str,
}

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Type code of JDV_J66.
    pub code: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Templates of its content model (root, extension); none makes a level 1 document, a text without structure.
    pub templates: &'static [(&'static str, &'static str)],
}

impl Kind {
    /// A report of a laboratory.
    pub const BIOLOGY: Self = Self {
        code: "11502-2",
        label: "CR d'examens biologiques",
        templates: &[
            ("1.3.6.1.4.1.19376.1.3.3", ""),
            ("1.2.250.1.213.1.1.1.55", ""),
        ],
    };

    /// OID of the type's code system: LOINC codes end in a dash and a check digit, the others are TRE_A05.
    pub fn system(&self) -> &'static str {
        use crate::dmp::code::system;
        let loinc = self.code.rsplit_once('-').is_some_and(|(number, check)| {
            check.len() == 1 && number.bytes().all(|b| b.is_ascii_digit())
        });
        if loinc { system::LOINC } else { system::TYPE }
    }
}

/// One document to write.
#[derive(Debug, Clone, Copy)]
pub struct CdaText<'a> {
    /// `id`, and the last arc of its siblings.
    pub id: &'a str,
    /// `setId`.
    pub set_id: &'a str,
    /// `versionNumber`.
    pub version: u32,
    /// `relatedDocument` RPLC.
    pub replaces: Option<&'a str>,
    /// What it is.
    pub kind: Kind,
    /// Its title.
    pub title: &'a str,
    /// Whom it is about.
    pub patient: &'a DemoPatient,
    /// Who wrote it.
    pub writer: Writer,
    /// Where the act was done.
    pub place: Place,
    /// When it was written, HL7 with offset.
    pub written: &'a str,
    /// When the act was done: HL7 with offset, or a date.
    pub act: &'a str,
    /// The order that it answers.
    pub order: Option<&'a str>,
    /// Sections: title and text.
    pub sections: &'a [(&'a str, &'a str)],
}

impl CdaText<'_> {
    /// The document.
    pub fn to_xml(&self) -> String {
        let mut xml = String::with_capacity(6 * 1024);
        xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        xml.push_str("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">\n");
        self.identity(&mut xml);
        self.record_target(&mut xml);
        self.participants(&mut xml);
        self.act(&mut xml);
        self.body(&mut xml);
        xml.push_str("</ClinicalDocument>\n");
        xml
    }

    fn identity(&self, xml: &mut String) {
        let templates: String = ["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"]
            .into_iter()
            .map(|root| (root, ""))
            .chain(self.content_templates().iter().copied())
            .map(|(root, extension)| match extension {
                "" => format!("\n  <templateId root=\"{root}\"/>"),
                extension => format!("\n  <templateId root=\"{root}\" extension=\"{extension}\"/>"),
            })
            .collect();
        push(
            xml,
            format_args!(
                r#"  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>{templates}
  <id root="{id}"/>
  <code code="{code}" codeSystem="{system}" displayName="{label}"/>
  <title>{title}</title>
  <effectiveTime value="{written}"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
  <languageCode code="fr-FR"/>
  <setId root="{set_id}"/>
  <versionNumber value="{version}"/>
"#,
                id = self.id,
                code = self.kind.code,
                system = self.kind.system(),
                label = escape(self.kind.label),
                title = escape(self.title),
                written = self.written,
                set_id = self.set_id,
                version = self.version,
            ),
        );
    }

    fn content_templates(&self) -> &'static [(&'static str, &'static str)] {
        match self.kind.templates {
            [] => &[("1.3.6.1.4.1.19376.1.2.20", "")],
            templates => templates,
        }
    }

    fn record_target(&self, xml: &mut String) {
        let record = &self.patient.record;
        let traits = &record.traits;
        let text = |part: &Option<String>| escape(part.as_deref().unwrap_or_default());
        let PersonName { family, given } = &traits.birth_name;
        let used = traits.used_name.as_ref().unwrap_or(&traits.birth_name);
        push(
            xml,
            format_args!(
                r#"  <recordTarget>
    <patientRole>
      <id root="{ins_root}" extension="{ins}"/>
      <id root="{ARC}.4" extension="{ipp}"/>
      <patient>
        <name>
          <family qualifier="BR">{family}</family>
          <given>{all_given}</given>
          <given qualifier="BR">{given}</given>
          <family qualifier="CL">{used_family}</family>
          <given qualifier="CL">{used_given}</given>
        </name>
        <administrativeGenderCode code="{sex}" codeSystem="2.16.840.1.113883.5.1"/>
        <birthTime value="{birth}"/>
        <birthplace><place><addr><county>{county}</county><city>{town}</city></addr></place></birthplace>
      </patient>
    </patientRole>
  </recordTarget>
"#,
                ins_root = record.ins.root().oid(),
                ins = record.ins.value(),
                ipp = self.patient.ipp,
                family = text(family),
                all_given = text(&traits.birth_given_names),
                given = text(given),
                used_family = text(&used.family),
                used_given = text(&used.given),
                sex = traits.sex.hl7(),
                birth = traits.birth_date.strftime("%Y%m%d"),
                county = text(&traits.birth_place),
                town = escape(self.patient.birth_town),
            ),
        );
    }

    fn participants(&self, xml: &mut String) {
        let structure = self.writer.structure;
        push(
            xml,
            format_args!(
                r#"  <author>
    <time value="{written}"/>
    <assignedAuthor>
{person}
    </assignedAuthor>
  </author>
  <custodian>
    <assignedCustodian>
      <representedCustodianOrganization>
        <id root="1.2.250.1.71.4.2.2" extension="{structure_id}"/>
        <name>{structure_name}</name>
      </representedCustodianOrganization>
    </assignedCustodian>
  </custodian>
  <legalAuthenticator>
    <time value="{written}"/>
    <signatureCode code="S"/>
    <assignedEntity>
{person}
    </assignedEntity>
  </legalAuthenticator>
"#,
                written = self.written,
                person = self.person(""),
                structure_id = structure.id,
                structure_name = escape(structure.name),
            ),
        );
    }

    /// The writer, as author, signatory and performer name him.
    fn person(&self, setting: &str) -> String {
        let Writer {
            id,
            family,
            given,
            specialty: (code, label),
            structure,
        } = self.writer;
        format!(
            r#"      <id root="1.2.250.1.71.4.2.1" extension="{id}"/>
      <code code="{code}" codeSystem="1.2.250.1.213.1.1.4.5" displayName="{label}"/>
      <assignedPerson><name><family>{family}</family><given>{given}</given></name></assignedPerson>
      <representedOrganization>
        <id root="1.2.250.1.71.4.2.2" extension="{structure_id}"/>
        <name>{structure_name}</name>{setting}
      </representedOrganization>"#,
            label = escape(label),
            family = escape(family),
            given = escape(given),
            structure_id = structure.id,
            structure_name = escape(structure.name),
        )
    }

    fn act(&self, xml: &mut String) {
        let Place {
            facility,
            setting,
            encounter,
        } = self.place;
        let setting = format!(
            "\n        <standardIndustryClassCode code=\"{}\" codeSystem=\"1.2.250.1.213.1.1.4.9\" displayName=\"{}\"/>",
            setting.0,
            escape(setting.1)
        );
        if let Some(order) = self.order {
            push(
                xml,
                format_args!(
                    "  <inFulfillmentOf><order><id root=\"{ARC}.5\" extension=\"{order}\"/></order></inFulfillmentOf>\n"
                ),
            );
        }
        push(
            xml,
            format_args!(
                r#"  <documentationOf>
    <serviceEvent>
      <code code="{code}" codeSystem="{system}" displayName="{label}"/>
      <effectiveTime><low value="{act}"/></effectiveTime>
      <performer typeCode="PRF">
        <assignedEntity>
{person}
        </assignedEntity>
      </performer>
    </serviceEvent>
  </documentationOf>
"#,
                code = self.kind.code,
                system = self.kind.system(),
                label = escape(self.kind.label),
                act = self.act,
                person = self.person(&setting),
            ),
        );
        if let Some(replaced) = self.replaces {
            push(
                xml,
                format_args!(
                    "  <relatedDocument typeCode=\"RPLC\"><parentDocument><id root=\"{replaced}\"/></parentDocument></relatedDocument>\n"
                ),
            );
        }
        push(
            xml,
            format_args!(
                r#"  <componentOf>
    <encompassingEncounter>
      <id root="{ARC}.3" extension="{ipp}-{act}"/>
      <code code="{encounter}" codeSystem="2.16.840.1.113883.5.4"/>
      <effectiveTime><low value="{act}"/></effectiveTime>
      <location>
        <healthCareFacility>
          <id root="1.2.250.1.71.4.2.2" extension="{structure}"/>
          <code code="{facility}" codeSystem="1.2.250.1.71.4.2.4" displayName="{facility_label}"/>
        </healthCareFacility>
      </location>
    </encompassingEncounter>
  </componentOf>
"#,
                ipp = self.patient.ipp,
                act = self.act,
                structure = self.writer.structure.id,
                facility = facility.0,
                facility_label = escape(facility.1),
            ),
        );
    }

    fn body(&self, xml: &mut String) {
        if self.kind.templates.is_empty() {
            let text: String = self
                .sections
                .iter()
                .map(|(title, text)| format!("{title}\n{text}\n\n"))
                .collect();
            let data = BASE64_STANDARD.encode(text.trim_end());
            push(
                xml,
                format_args!(
                    "  <component>\n    <nonXMLBody><text mediaType=\"text/plain\" representation=\"B64\">{data}</text></nonXMLBody>\n  </component>\n"
                ),
            );
            return;
        }
        xml.push_str("  <component>\n    <structuredBody>\n");
        for (title, text) in self.sections {
            push(
                xml,
                format_args!(
                    "      <component><section><title>{}</title><text>{}</text></section></component>\n",
                    escape(title),
                    escape(text)
                ),
            );
        }
        xml.push_str("    </structuredBody>\n  </component>\n");
    }
}

fn push(xml: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String never fails.
    let _ = xml.write_fmt(text);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_names_its_own_code_system() {
        let system = |code| {
            Kind {
                code,
                label: "",
                templates: &[],
            }
            .system()
        };
        assert_eq!(system("11502-2"), "2.16.840.1.113883.6.1");
        assert_eq!(system("101881-1"), "2.16.840.1.113883.6.1");
        for code in ["PRESC-BIO", "SYNTH", "PROT_ALD", "IMG-KOS"] {
            assert_eq!(system(code), "1.2.250.1.213.1.1.4.12", "{code}");
        }
    }

    #[test]
    fn what_would_break_the_xml_is_escaped() {
        assert_eq!(escape(r#"<a> & "b""#), "&lt;a&gt; &amp; &quot;b&quot;");
    }
}
