"""Saxon over every CDA document that the server made: rules of the CI-SIS header in XPath 3.1, and a stylesheet whose text must say what DocumentReference says."""

import base64
import collections
import datetime
import json
import os
import pathlib
import sys

import demo
from saxonche import PySaxonProcessor

check = demo.Checks("saxon")
OID = r"'^[0-2](\.(0|[1-9][0-9]*))+$'"
TIME = r"'^[0-9]{4}([0-9]{2}([0-9]{2}([0-9]{6}(\.[0-9]+)?[+-][0-9]{4})?)?)?$'"
# A time as a number that sorts, its precision cut to the day: days may be compared with instants.
DAY = "substring({}, 1, 8)"
ORDER = ("realmCode typeId templateId id code title effectiveTime confidentialityCode languageCode setId versionNumber copyTime recordTarget author "
         "dataEnterer informant custodian informationRecipient legalAuthenticator authenticator participant inFulfillmentOf documentationOf "
         "relatedDocument authorization componentOf component").split()
# Children of other header elements, as CDA R2's schema orders them.
INNER = {
    "patientRole": "realmCode typeId templateId id addr telecom patient providerOrganization",
    "patient": "realmCode typeId templateId id name administrativeGenderCode birthTime maritalStatusCode religiousAffiliationCode raceCode ethnicGroupCode guardian birthplace languageCommunication",
    "assignedAuthor": "realmCode typeId templateId id code addr telecom assignedPerson assignedAuthoringDevice representedOrganization",
    "assignedEntity": "realmCode typeId templateId id code addr telecom assignedPerson representedOrganization",
    "author": "realmCode typeId templateId functionCode time assignedAuthor",
    "legalAuthenticator": "realmCode typeId templateId time signatureCode assignedEntity",
    "representedOrganization": "realmCode typeId templateId id name telecom addr standardIndustryClassCode asOrganizationPartOf",
    "representedCustodianOrganization": "realmCode typeId templateId id name telecom addr",
    "serviceEvent": "realmCode typeId templateId id code effectiveTime performer",
    "encompassingEncounter": "realmCode typeId templateId id code effectiveTime dischargeDispositionCode responsibleParty encounterParticipant location",
    "healthCareFacility": "realmCode typeId templateId id code location serviceProviderOrganization",
    "section": "realmCode typeId templateId id code title text confidentialityCode languageCode subject author informant entry component",
    "substanceAdministration": "realmCode typeId templateId id code text statusCode effectiveTime priorityCode repeatNumber routeCode approachSiteCode "
                               "doseQuantity rateQuantity maxDoseQuantity administrationUnitCode subject specimen consumable performer author informant participant "
                               "entryRelationship reference precondition",
}


def ordered(where, names):
    """Children of `where` stand in that order."""
    wanted = "(" + ",".join(f"'{n}'" for n in names) + ")"
    return f"every $e in {where} satisfies (let $i := $e/* ! index-of({wanted}, local-name(.)) return count($i) = count($e/*) and deep-equal($i, sort($i)))"


INS = "starts-with(@root, '1.2.250.1.213.1.4.') and matches(@extension, '^[0-9]{6}[0-9AB][0-9]{8}$')"
RULES = {
    "order of the header": ordered("/ClinicalDocument", ORDER),
    **{f"order in {name}": ordered(f"//{name}", order.split()) for name, order in INNER.items()},
    "realm, type and language": "/ClinicalDocument[realmCode/@code='FR'][typeId[@root='2.16.840.1.113883.1.3'][@extension='POCD_HD000040']][languageCode/@code='fr-FR']",
    "templates of HL7 France and of the header": "every $t in ('2.16.840.1.113883.2.8.2.1', '1.2.250.1.213.1.1.1.1') satisfies /ClinicalDocument/templateId/@root = $t",
    "template of an unstructured body": "exists(//nonXMLBody) = (/ClinicalDocument/templateId/@root = '1.3.6.1.4.1.19376.1.2.20')",
    "id is a bare OID": f"/ClinicalDocument/id[matches(@root, {OID})][not(@extension)]",
    "no OID is too long": "every $r in //@root satisfies string-length($r) le 64",
    "every root and code system is an OID": f"every $r in (//@root, //@codeSystem) satisfies matches($r, {OID})",
    "every code has its system": "every $c in //*[@code][not(self::languageCode or self::realmCode or self::signatureCode or self::statusCode)] satisfies $c/@codeSystem",
    "type of document": "/ClinicalDocument/code[@code][@codeSystem][@displayName]",
    "title": "/ClinicalDocument/title[normalize-space()]",
    "confidentiality": "/ClinicalDocument/confidentialityCode[@code='N'][@codeSystem='2.16.840.1.113883.5.25']",
    "set and version": f"/ClinicalDocument[setId[matches(@root, {OID})]][xs:integer(versionNumber/@value) ge 1]",
    "one patient with an INS": f"count(/ClinicalDocument/recordTarget) = 1 and count(/ClinicalDocument/recordTarget/patientRole/id[{INS}]) = 1",
    "key of the INS": "every $i in /ClinicalDocument/recordTarget/patientRole/id[starts-with(@root, '1.2.250.1.213.1.4.')]/@extension satisfies "
                      "(97 - xs:integer(replace(replace(substring($i, 1, 13), '2A', '19'), '2B', '18')) mod 97) = xs:integer(substring($i, 14))",
    "traits of the patient": "/ClinicalDocument/recordTarget/patientRole/patient[name[family[@qualifier='BR'][normalize-space()]][given[normalize-space()]]]"
                             "[administrativeGenderCode/@code=('M','F','U','UN')][birthTime/@value][birthplace/place/addr/county[normalize-space()]]",
    "patient has address and telecom, or says why not": "/ClinicalDocument/recordTarget/patientRole[addr][telecom]",
    "people have a number of theirs": "every $i in (//assignedAuthor[assignedPerson]/id, //assignedEntity/id) satisfies $i[@nullFlavor][ancestor::entry] or $i[@root='1.2.250.1.71.4.2.1'][matches(@extension, '^[013456][0-9/]+$|^8[0-9]{11}$')]",
    "structures have a number of theirs": "every $i in (//representedOrganization/id, //representedCustodianOrganization/id, //healthCareFacility/id) satisfies $i[@root='1.2.250.1.71.4.2.2'][@extension]",
    "people have a name": "every $n in //assignedPerson/name satisfies $n/family[normalize-space()]",
    "author": "/ClinicalDocument/author[time/@value]/assignedAuthor[id][assignedPerson or assignedAuthoringDevice]",
    "one legal authenticator, who signed": "count(/ClinicalDocument/legalAuthenticator[time/@value][signatureCode/@code='S'][assignedEntity[id][assignedPerson/name]]) = 1",
    "custodian": "/ClinicalDocument/custodian/assignedCustodian/representedCustodianOrganization[id[@root='1.2.250.1.71.4.2.2']][name[normalize-space()]]",
    "an act with start and performer": "/ClinicalDocument/documentationOf/serviceEvent[effectiveTime/low/@value]/performer/assignedEntity[id]"
                                       "/representedOrganization/standardIndustryClassCode[@code][@codeSystem='1.2.250.1.213.1.1.4.9']",
    "place": "/ClinicalDocument/componentOf/encompassingEncounter[effectiveTime]/location/healthCareFacility/code[@code][@codeSystem='1.2.250.1.71.4.2.4']",
    "times are written as HL7 writes them": f"every $t in (//effectiveTime, //low, //high, //time, //birthTime)/@value satisfies matches($t, {TIME})",
    "birth, act, creation and signature follow each other": " and ".join([
        f"(every $a in //serviceEvent/effectiveTime/low/@value satisfies {DAY.format('//recordTarget//birthTime/@value')} le {DAY.format('$a')})",
        f"(every $a in //serviceEvent/effectiveTime/low/@value satisfies {DAY.format('$a')} le {DAY.format('/ClinicalDocument/effectiveTime/@value')})",
        f"(every $a in /ClinicalDocument/author/time/@value satisfies {DAY.format('$a')} le {DAY.format('/ClinicalDocument/legalAuthenticator/time/@value')})"]),
    "nothing is empty": "empty(//*[not(ancestor-or-self::text[parent::section])][not(*)][not(@*)][not(normalize-space())])",
    "no value beside a nullFlavor": "empty(//*[@nullFlavor][@value or @root or @extension or @code])",
    "references of entries lead to the narrative": "every $r in //entry//reference/@value satisfies exists(//section/text//*[@ID = substring-after($r, '#')])",
    "names of places in the narrative are there once": "count(//@ID) = count(distinct-values(//@ID))",
    "sections have code, title and text": "every $s in //section satisfies $s[code/@code][title[normalize-space()]][text]",
}


def coded(element):
    return [c["code"] for c in (element or {}).get("coding", [])]


def told(reference):
    """What a DocumentReference says, in the stylesheet's words."""
    inside = {c["id"]: c for c in reference["contained"]}
    at = lambda r: inside[r["reference"][1:]]
    attachment, context = reference["content"][0]["attachment"], reference["context"]
    patient = at(context["sourcePatientInfo"])
    said = {
        "identifier": [reference["masterIdentifier"]["value"]], "type": coded(reference["type"]), "title": [" ".join(attachment["title"].split())],
        "language": [attachment["language"]], "creation": [attachment["creation"]], "label": [c for l in reference["securityLabel"] for c in coded(l) if c == "N"],
        "patient": [reference["subject"]["identifier"]["value"]], "birth-name": [n["family"] for n in patient["name"] if n["use"] == "official"],
        "birth": [patient["birthDate"]], "custodian": [reference["custodian"]["identifier"]["value"]], "start": [context["period"]["start"]],
        "event": [c for e in context.get("event", []) for c in coded(e)], "facility": coded(context["facilityType"]), "setting": coded(context["practiceSetting"]),
        "authenticator": [at(reference["authenticator"])["identifier"][0]["value"]],
    }
    for role in map(at, reference["author"]):
        person, structure = at(role["practitioner"]), at(role["organization"]) if "organization" in role else {}
        said.setdefault("author", []).append(person["identifier"][0]["value"])
        said.setdefault("author-family", []).append(person["name"][0]["family"])
        said.setdefault("author-structure", []).extend(i["value"] for i in structure.get("identifier", []))
        said.setdefault("specialty", []).extend(c for s in role.get("specialty", []) for c in coded(s))
    return {name: values for name, values in said.items() if values}


def instant(text):
    """A time of HL7 or FHIR: the instant to the second, or the day as it is written."""
    digits = text.replace("-", "")
    if "T" not in text and len(digits) <= 8:
        return digits
    if "T" in text:
        at = datetime.datetime.fromisoformat(text)
    else:
        at = datetime.datetime.strptime(text[:14] + text[-5:], "%Y%m%d%H%M%S%z")
    return at.replace(microsecond=0).astimezone(datetime.timezone.utc).isoformat()


def same(name, left, right):
    if name in ("creation", "start", "birth"):
        left, right = list(map(instant, left)), list(map(instant, right))
    return left == right


folder = pathlib.Path(os.environ["MADE"])
with PySaxonProcessor(license=False) as processor:
    sheet = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(pathlib.Path(__file__).with_name("header.xsl")))
    files = sorted(folder.glob("*.xml"))
    for file in files:
        tree = processor.parse_xml(xml_file_name=str(file))
        asked = processor.new_xpath_processor()
        asked.declare_namespace("xs", "http://www.w3.org/2001/XMLSchema")
        asked.declare_namespace("", "urn:hl7-org:v3")
        asked.set_context(xdm_item=tree)
        for rule, path in RULES.items():
            check.that(f"{file.stem}: {rule}", asked.effective_boolean_value(path))
        beside = json.loads(file.with_suffix(".json").read_text())
        if beside["content"]:
            asked_for = asked.evaluate_single("string(//nonXMLBody/text[@representation='B64'])")
            check.that(f"{file.stem}: the body is the file", base64.b64decode(str(asked_for)) == base64.b64decode(beside["content"]))
        if beside["told"]:
            header = collections.defaultdict(list)
            for line in sheet.transform_to_string(xdm_node=tree).splitlines():
                name, value = line.split("=", 1)
                header[name].append(value)
            said = told(beside["told"])
            for name in sorted({*header, *said}):
                check.that(f"{file.stem}: {name} is what DocumentReference says", same(name, header[name], said.get(name, [])), f"{header[name]} / {said.get(name)}")
        act = beside.get("immunization")
        if act:
            for name, path, wanted in [
                ("lot", "//lotNumberText", act["lotNumber"]),
                ("day", "//substanceAdministration/effectiveTime/@value", act["occurrenceDateTime"].replace("-", "")),
                ("vaccine", "//manufacturedMaterial/code/@code", act["vaccineCode"]["coding"][0]["code"]),
                ("negation", "//substanceAdministration/@negationInd", str(act["status"] == "not-done").lower()),
                ("rank", "//observation[code/@code='30973-2']/value/@value", str(act["protocolApplied"][0]["doseNumberPositiveInt"])),
                ("dose", "//substanceAdministration/doseQuantity/@value", str(act["doseQuantity"]["value"])),
            ]:
                saw = str(asked.evaluate_single(f"string(({path})[1])"))
                check.that(f"{file.stem}: {name} of the vaccination", saw == wanted, f"{saw} / {wanted}")
            row = str(asked.evaluate_single("string-join(//section/text//td, ' | ')"))
            check.that(f"{file.stem}: the table tells batch and day", act["lotNumber"] in row and "02/10/2026" in row, row[:200])
    check.that("there are documents to read", len(files) >= 8, str(len(files)))

# The rules can fail: each of these spoils one thing.
with PySaxonProcessor(license=False) as processor:
    good = next(folder.glob("http-text.xml")).read_text()
    for rule, old, new in [
        ("realm, type and language", 'realmCode code="FR"', 'realmCode code="DE"'),
        ("order of the header", "<realmCode", "<versionNumber value='1'/><realmCode"),
        ("key of the INS", 'extension="279036990100166"', 'extension="279036990100167"'),
        ("one legal authenticator, who signed", 'signatureCode code="S"', 'signatureCode code="X"'),
        ("every root and code system is an OID", 'codeSystem="2.16.840.1.113883.6.1"', 'codeSystem="LOINC"'),
        ("birth, act, creation and signature follow each other", 'birthTime value="19790328"', 'birthTime value="29990328"'),
    ]:
        assert old in good, old
        asked = processor.new_xpath_processor()
        asked.declare_namespace("xs", "http://www.w3.org/2001/XMLSchema")
        asked.declare_namespace("", "urn:hl7-org:v3")
        asked.set_context(xdm_item=processor.parse_xml(xml_text=good.replace(old, new)))
        check.that(f"spoilt: {rule}", not asked.effective_boolean_value(RULES[rule]))

sys.exit(check.failed > 0)
