//! A small CDA document of our own, each part of which a test can replace.

/// What varies.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) declaration: String,
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) effective_time: String,
    pub(crate) confidentiality: String,
    pub(crate) language: String,
    pub(crate) patient_ids: String,
    pub(crate) patient_name: String,
    pub(crate) sex: String,
    pub(crate) birth_time: String,
    pub(crate) authors: String,
    pub(crate) custodian: String,
    pub(crate) legal: String,
    pub(crate) orders: String,
    pub(crate) acts: String,
    pub(crate) related: String,
    pub(crate) encounter: String,
    pub(crate) body: String,
}

pub(crate) const ORGANIZATION: &str = r#"<representedOrganization><id root="1.2.250.1.71.4.2.2" extension="10B0000001"/><name>Hôpital de l’Essai</name><standardIndustryClassCode code="ETABLISSEMENT" codeSystem="1.2.250.1.213.1.1.4.9"/></representedOrganization>"#;

impl Default for Sample {
    fn default() -> Self {
        let person = format!(
            r#"<id root="1.2.250.1.71.4.2.1" extension="899900000001"/><code code="G15_10/SM26" codeSystem="1.2.250.1.213.1.1.4.5"/><assignedPerson><name><family>ZZSECRET</family><given>Ève </given></name></assignedPerson>{ORGANIZATION}"#
        );
        let text = |text: &str| text.to_owned();
        Self {
            declaration: text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"),
            id: text(r#"<id root="1.2.250.1.999.1.1"/>"#),
            code: text(
                r#"<code code="11488-4" codeSystem="2.16.840.1.113883.6.1" displayName="Consultation"/>"#,
            ),
            title: text("<title>Compte rendu d’été &amp; d&#233;tails</title>"),
            effective_time: text(r#"<effectiveTime value="20240301103000+0100"/>"#),
            confidentiality: text(
                r#"<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>"#,
            ),
            language: text(r#"<languageCode code="fr-FR"/>"#),
            patient_ids: text(
                r#"<id root="1.2.250.1.213.1.4.10" extension="279035121518989"/><id root="1.2.3.4" extension="IPP1"/>"#,
            ),
            patient_name: text(
                r#"<name><family qualifier="BR">ZZSECRET</family><family qualifier="SP">ZZUSED</family><given>Anne Marie</given><given qualifier="BR">Anne</given></name>"#,
            ),
            sex: text(r#"<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>"#),
            birth_time: text(r#"<birthTime value="19790328"/>"#),
            authors: format!(
                r#"<author><functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88"/><time value="20240301"/><assignedAuthor>{person}</assignedAuthor></author>"#
            ),
            custodian: text(
                r#"<custodian><assignedCustodian><representedCustodianOrganization><id root="1.2.250.1.71.4.2.2" extension="10B0000001"/><name>Hôpital</name></representedCustodianOrganization></assignedCustodian></custodian>"#,
            ),
            legal: format!(
                r#"<legalAuthenticator><time value="20240301"/><assignedEntity>{person}</assignedEntity></legalAuthenticator>"#
            ),
            orders: String::new(),
            acts: format!(
                r#"<documentationOf><serviceEvent><code code="JQGA003" codeSystem="1.2.250.1.213.2.5"/><effectiveTime><low value="20240301100000+0100"/><high value="20240301"/></effectiveTime><performer typeCode="PRF"><assignedEntity>{person}</assignedEntity></performer></serviceEvent></documentationOf>"#
            ),
            related: String::new(),
            encounter: text(
                r#"<componentOf><encompassingEncounter><effectiveTime nullFlavor="UNK"/><location><healthCareFacility><code code="SA01" codeSystem="1.2.250.1.71.4.2.4"/></healthCareFacility></location></encompassingEncounter></componentOf>"#,
            ),
            body: text(
                "<component><structuredBody><component><section><text>ZZSECRET</text></section></component></structuredBody></component>",
            ),
        }
    }
}

impl Sample {
    /// The document with its default namespace.
    pub(crate) fn xml(&self) -> String {
        let Self { declaration, .. } = self;
        format!(
            "{declaration}<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:lab=\"urn:lab\" xmlns:ps=\"urn:dicom-org:ps3-20\">\n{}</ClinicalDocument>\n",
            self.content()
        )
    }

    /// The children of `ClinicalDocument`, without prefix.
    pub(crate) fn content(&self) -> String {
        let (name, sex, birth) = (&self.patient_name, &self.sex, &self.birth_time);
        let target = format!(
            "<recordTarget><patientRole>{}<patient>{name}{sex}{birth}</patient></patientRole></recordTarget>",
            self.patient_ids
        );
        [
            r#"<realmCode code="FR"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><templateId root="1.2.250.1.213.1.1.1.1"/><templateId root="1.2.250.1.213.1.1.1.40" extension="2022.01"/>"#,
            &self.id,
            &self.code,
            &self.title,
            &self.effective_time,
            &self.confidentiality,
            &self.language,
            r#"<setId root="1.2.250.1.999.1"/><versionNumber value="3"/>"#,
            &target,
            &self.authors,
            &self.custodian,
            &self.legal,
            &self.orders,
            &self.acts,
            &self.related,
            &self.encounter,
            &self.body,
        ]
        .join("\n")
    }
}

/// One part replaced.
pub(crate) fn with(change: impl FnOnce(&mut Sample)) -> String {
    let mut sample = Sample::default();
    change(&mut sample);
    sample.xml()
}
