"""The register of vaccinations: a professional's note, with and without reaction, and the patient's own declaration, validated."""

import sys

import demo
from asking import P, address, ask, authorised, check, holder, matches, send

PHYSICIAN = "899900000029"
VALIDATION = "https://passerelle.dev/fhir/StructureDefinition/dmp-vaccination-validation"


def act(lot, reaction=False, **more):
    sent = {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {
            "coding": [
                {"system": "https://smt.esante.gouv.fr/terminologie-bdpm", "code": "60000001", "display": "Vaccin d’essai"},
                {"system": "http://www.whocc.no/atc", "code": "J07AM01"},
            ],
            "text": "Vaccin d’essai <adsorbé> & fils",
        },
        "patient": {"identifier": {"system": demo.INS_SYSTEM, "value": demo.INS}},
        "occurrenceDateTime": "2026-10-02",
        "lotNumber": lot,
        "site": {"text": "Deltoïde gauche"},
        "route": {"coding": [{"system": "http://standardterms.edqm.eu", "code": "20035000"}]},
        "doseQuantity": {"value": 0.5, "unit": "mL", "system": "http://unitsofmeasure.org", "code": "mL"},
        "note": [{"text": "Prise récente d’un autre traitement"}],
        "protocolApplied": [{"series": "BOOSTER", "doseNumberPositiveInt": 2}],
        **more,
    }
    if reaction:
        sent["contained"] = [{
            "resourceType": "Observation",
            "id": "fever",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
            "valueCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "R50.2"}], "text": "Fièvre"},
        }]
        sent["reaction"] = [{"date": "2026-10-03", "detail": {"reference": "#fever"}}]
    return sent


def at(resource):
    return f"/Immunization/{resource['id']}"


def document_of(lot):
    """The note that tells this act: the DocumentReference and the bytes."""
    query = {**P, "status": "current", "type": "87273-9", "_count": 200}
    for found in matches(author.get(address("/DocumentReference"), params=query).json()):
        content = author.get(found["content"][0]["attachment"]["url"], headers={"Accept": "text/xml"}).content
        if f"<lotNumberText>{lot}</lotNumberText>".encode() in content:
            return found, content
    raise SystemExit(f"no note tells {lot}")


author, patient = authorised(), holder()

for name, sent in {
    "note": act("INTEROP-1", primarySource=True),
    "note-reaction": act("INTEROP-2", reaction=True),
    "note-not-done": act("INTEROP-3", status="not-done"),
    "note-of-another": act("INTEROP-4", performer=[{"actor": {"display": "Dr Autre"}}]),
}.items():
    made = ask(author, f"immunization-{name}-created", 201, "POST", "/Immunization", **send(sent))
    read = ask(author, f"immunization-{name}", 200, "GET", at(made), xml=True)
    check.that(f"immunization-{name} is read as it was created", read == made, made)
    reference, content = document_of(sent["lotNumber"])
    demo.made(f"vaccination-{name}", content, reference, immunization=read)
    demo.keep(f"documentreference-{name}", author.get(address(f"/DocumentReference/{reference['id']}")).text)
ask(author, "refused-same-note", 409, "POST", "/Immunization", "duplicate-document", xml=True, **send(act("INTEROP-1", primarySource=True)))
ask(author, "immunization-outcome", 201, "POST", "/Immunization", **send(act("INTEROP-5"), Prefer="return=OperationOutcome"))

declared = ask(patient, "immunization-declared-created", 201, "POST", "/Immunization", **send(act("INTEROP-6", reaction=True)))
ask(patient, "immunization-declared", 200, "GET", at(declared), xml=True)
changed = ask(patient, "immunization-changed", 200, "PUT", at(declared), **send({**declared, "lotNumber": "INTEROP-7"}))
ask(patient, "refused-stale-vaccination", 412, "PUT", at(declared), "version-conflict", **send(changed, **{"If-Match": 'W/"99"'}))
validation = {"url": VALIDATION, "extension": [
    {"url": "validator", "valueReference": {"identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": PHYSICIAN}}},
    {"url": "date", "valueDateTime": "2026-01-01"},
]}
ask(author, "immunization-validated", 200, "PUT", at(declared), **send({**changed, "extension": [validation]}))
ask(author, "immunization-validated-read", 200, "GET", at(declared), xml=True)
ask(patient, "refused-validated-vaccination", 403, "PUT", at(declared), "validated-vaccination", xml=True, **send(changed))
withdrawn = ask(patient, "immunization-withdrawn-created", 201, "POST", "/Immunization", **send(act("INTEROP-8")))
ask(patient, "immunization-withdrawn", 204, "DELETE", at(withdrawn), bare=True)

for name, client, more in [
    ("professional", author, {}),
    ("holder", patient, {}),
    ("validated", author, {"validated": "true"}),
    ("date", author, {"date": "ge2026-10", "_sort": "date"}),
    ("page", author, {"_count": 2}),
    ("none", author, {"lot-number": "nothing"}),
]:
    found = ask(client, f"searchset-immunization-{name}", 200, "GET", "/Immunization", params={**P, **more}, xml=True)
    check.that(f"searchset-immunization-{name} finds", (found["total"] == 0) == (name == "none"), found["total"])
ask(author, "searchset-immunization-posted", 200, "POST", "/Immunization/_search", xml=True, data={**P, "lot-number": "INTEROP-2"})
ask(author, "refused-vaccination", 422, "POST", "/Immunization", "element-invalid", xml=True, **send(act("INTEROP-9", occurrenceDateTime="2099")))

sys.exit(check.failed > 0)
