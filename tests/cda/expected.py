"""Computes expected.json from a folder of CDA documents, with the parser of Python's library and plain paths.

    python3 tests/cda/expected.py DOCUMENTS TERMINOLOGY > tests/cda/expected.json

It shares no code with the product: where both agree on every document, the header is read as the paths say.
What names people is kept as a digest only.
"""
import csv, glob, hashlib, json, os, sys
import xml.etree.ElementTree as ET

H = "{urn:hl7-org:v3}"
documents, lists = sys.argv[1:3]


def rows(name):
    with open(glob.glob(os.path.join(lists, name))[0]) as f:
        return [(r["source_code"], r["source_system_oid"], r["target_code"], r["target_system_oid"]) for r in csv.DictReader(f)]


CLASS = {(s, o): t for s, o, t, _ in rows("ASS_X16*.csv")}
FORMAT = {s: t for s, _, t, _ in rows("ASS_A11*.csv") if s != "1.3.6.1.4.1.19376.1.2.20"}
FORMAT["1.2.250.1.213.1.1.1.59"] = "urn:ans:ci-sis:trod:2024"  # the product's own row
BY_MEDIA_TYPE = {s: t for s, _, t, _ in rows("ASS_A12*.csv")}


def path(e, *steps):
    return e.findall("/".join(H + step for step in steps))


def first(e, *steps, attribute=None):
    for found in path(e, *steps):
        if "nullFlavor" in found.attrib:
            continue
        value = found.get(attribute) if attribute else "".join(found.itertext())
        if value:
            return value
    return None


def caret(e):
    return e.get("root") + ("^" + e.get("extension") if e.get("extension") else "")


def name(e, *steps):
    families = path(e, *steps, "family")
    return [
        [f.text for f in families if f.get("qualifier") == "BR"],
        [f.text for f in families if f.get("qualifier") in ("CL", "SP", None)],
        " ".join(g.text for g in path(e, *steps, "given")),
    ]


def digest(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha1(text.encode()).hexdigest()


def read(file):
    with open(file, "rb") as f:
        data = f.read()
    root = ET.fromstring(data)
    d = root if root.tag == H + "ClinicalDocument" else next(root.iter(H + "ClinicalDocument"))
    acts = path(d, "documentationOf", "serviceEvent")
    main = next((a for a in acts if path(a, "performer")), acts[0])
    templates = [(t.get("root"), t.get("extension")) for t in path(d, "templateId")]
    unstructured = path(d, "component", "nonXMLBody", "text")
    media = unstructured[0].get("mediaType") if unstructured else None
    format = next((FORMAT[r] for r, _ in templates if r in FORMAT), BY_MEDIA_TYPE.get(media))
    code = path(d, "code")[0]
    birth, used, given = name(d, "recordTarget", "patientRole", "patient", "name")
    authors = path(d, "author")
    return {
        "unique_id": caret(path(d, "id")[0]),
        "set_id": caret(path(d, "setId")[0]),
        "version": int(first(d, "versionNumber", attribute="value")),
        "type": code.get("code"),
        "class": CLASS[code.get("code"), code.get("codeSystem")],
        "format": format,
        "language": first(d, "languageCode", attribute="code"),
        "confidentiality": [c.get("code") for c in path(d, "confidentialityCode")],
        "creation_time": first(d, "effectiveTime", attribute="value"),
        "service_start": first(main, "effectiveTime", "low", attribute="value"),
        "service_stop": first(main, "effectiveTime", "high", attribute="value"),
        "facility_type": first(d, "componentOf", "encompassingEncounter", "location", "healthCareFacility", "code", attribute="code"),
        "practice_setting": first(main, "performer", "assignedEntity", "representedOrganization", "standardIndustryClassCode", attribute="code"),
        "events": [c.get("code") for a in acts for c in path(a, "code") if c.get("code")],
        "replaces": [caret(i) for r in path(d, "relatedDocument") if r.get("typeCode") == "RPLC" for i in path(r, "parentDocument", "id")],
        "order": [caret(i) for i in path(d, "inFulfillmentOf", "order", "id")],
        "accession": [caret(i) for o in path(d, "inFulfillmentOf", "order") for i in o.findall("{urn:dicom-org:ps3-20}accessionNumber")],
        "templates": [r + ("^" + x if x else "") for r, x in templates],
        "media_type": media,
        "size": len(data),
        "sha1": hashlib.sha1(data).hexdigest(),
        "title": digest(first(d, "title")),
        "patient": digest([
            [[i.get("root"), i.get("extension")] for i in path(d, "recordTarget", "patientRole", "id")],
            birth[:1],
            used[:1],
            given,
            first(d, "recordTarget", "patientRole", "patient", "birthTime", attribute="value"),
            first(d, "recordTarget", "patientRole", "patient", "administrativeGenderCode", attribute="code"),
        ]),
        "authors": digest([
            [
                [first(a, "assignedAuthor", "id", attribute="root"), first(a, "assignedAuthor", "id", attribute="extension")],
                first(a, "assignedAuthor", "assignedPerson", "name", "family"),
                first(a, "assignedAuthor", "assignedPerson", "name", "given"),
                first(a, "assignedAuthor", "code", attribute="code"),
                first(a, "functionCode", attribute="code"),
                first(a, "assignedAuthor", "representedOrganization", "id", attribute="extension"),
                first(a, "assignedAuthor", "representedOrganization", "name"),
            ]
            for a in authors
        ]),
        "legal_authenticator": digest([
            first(d, "legalAuthenticator", "assignedEntity", "id", attribute="extension"),
            first(d, "legalAuthenticator", "assignedEntity", "assignedPerson", "name", "family"),
            first(d, "legalAuthenticator", "assignedEntity", "assignedPerson", "name", "given"),
        ]),
    }


found = sorted(glob.glob(os.path.join(documents, "*.xml")))
lines = [json.dumps(os.path.basename(f), ensure_ascii=False) + ":" + json.dumps(read(f), separators=(",", ":")) for f in found]
print("{" + ",\n".join(lines) + "}")
