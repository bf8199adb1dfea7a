"""Every kind of deposit, what comes back, and what can be asked about it afterwards. CDA documents that the server made are kept."""

import base64
import hashlib
import json
import sys
import uuid

import demo
import sample
from asking import FHIR, P, address, ask, authorised, check, holder, matches, patch, send, treating

author, reader = authorised(), treating()
query = {**P, "status": "current"}


def of(reference):
    """The path below the base: `Binary/…`."""
    return "/" + "/".join(reference.split("?")[0].split("/")[-2:])


def stored(resource):
    return f"/DocumentReference/{resource['id']}"


# A letter, its versions, and its history.
first, data, unique = demo.simplified()
made = ask(author, "deposit-for-history", 201, "POST", "/DocumentReference", xml=False, **send(first))
place = stored(made)
archived = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"
for value in (True, False):
    ask(author, f"patched-archived-{value}", 200, "PATCH", place, **patch(f"/extension[url:'{archived}']/valueBoolean", value))
ask(author, "history-documentreference", 200, "GET", f"{place}/_history", xml=True)
ask(author, "history-documentreference-page", 200, "GET", f"{place}/_history", params={"_count": 1})
for version in (1, 2, 3):
    ask(author, f"vread-documentreference-{version}", 200, "GET", f"{place}/_history/{version}", xml=version == 2)
ask(author, "refused-version", 404, "GET", f"{place}/_history/99", "not-found", xml=True)

# Replacement: both entries, the relation followed both ways.
document, _, newer = demo.simplified()
body = base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
related = f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{unique}"/></parentDocument></relatedDocument><componentOf>'
body = body.replace("<componentOf>", related, 1).encode()
document["content"][0]["attachment"].update(data=base64.b64encode(body).decode(), size=len(body), hash=base64.b64encode(hashlib.sha1(body).digest()).decode())
document["relatesTo"] = [{"code": "replaces", "target": {"reference": of(place)[1:]}}]
replacing = ask(author, "deposit-replacing", 201, "POST", "/DocumentReference", **send(document))
ask(author, "documentreference-superseded", 200, "GET", place, xml=True)
ask(author, "documentreference-replacing", 200, "GET", stored(replacing), xml=True)
ask(author, "refused-already-replaced", 409, "POST", "/DocumentReference", "already-replaced",
    **send({**demo.simplified()[0], "relatesTo": document["relatesTo"]}))

# Searches that bring more, or less.
whole = {**P, "status": "current,superseded", "_count": 20}
for name, more in {
    "include-relatesto": {"_include": "DocumentReference:relatesto", "_id": replacing["id"]},
    "include-patient": {"_include": "DocumentReference:patient", "_id": replacing["id"]},
    "revinclude-list": {"_revinclude": "List:item", "_id": replacing["id"]},
    "revinclude-relatesto": {"_revinclude": "DocumentReference:relatesto", "_id": made["id"]},
    "summary-true": {"_summary": "true"},
    "summary-count": {"_summary": "count"},
    "summary-text": {"_summary": "text"},
    "summary-data": {"_summary": "data"},
    "elements": {"_elements": "status,type,date"},
    "count-zero": {"_count": "0"},
}.items():
    found = ask(reader, f"searchset-{name}", 200, "GET", "/DocumentReference", params={**whole, **more}, xml=True)
    modes = {e["search"]["mode"] for e in found.get("entry", [])}
    check.that(f"searchset-{name} brings what was asked", ("include" in modes) == ("include" in name), modes)
    if name in ("summary-count", "count-zero"):
        check.that(f"searchset-{name} only counts", found["total"] > 0 and "match" not in modes, modes)
    if name in ("summary-true", "summary-text", "summary-data", "elements"):
        tags = [[t["code"] for t in r["meta"].get("tag", [])] for r in matches(found)]
        check.that(f"searchset-{name} says that it is not whole", tags and all("SUBSETTED" in t for t in tags), tags[:3])
lists = {**query, "code": "submissionset", "_count": 5}
for name, more in {"include-item": {"_include": "List:item"}, "include-patient": {"_include": "List:patient"}, "summary": {"_summary": "true"}}.items():
    ask(reader, f"searchset-list-{name}", 200, "GET", "/List", params={**lists, **more}, xml=True)

# Folders, with what is deposited in the same transaction and what was there.
sent, _, _ = demo.bundle()
urn = f"urn:uuid:{uuid.uuid4()}"
folder = {
    "fullUrl": urn,
    "resource": {
        "resourceType": "List",
        "extension": [{
            "url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType",
            "valueCodeableConcept": {"coding": [{"system": "urn:oid:1.2.250.1.213.2.2", "code": "04"}]},
        }],
        "identifier": [{"use": "usual", "system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid.uuid4()}"}],
        "status": "current",
        "mode": "working",
        "title": "Suivi du diabète",
        "code": {"coding": [{"system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "code": "folder"}]},
        "subject": {"identifier": {"system": demo.INS_SYSTEM, "value": demo.INS}},
        "date": "2026-06-01T10:00:00+02:00",
        "note": [{"text": "Trois mois"}],
        "entry": [{"item": {"reference": sent["entry"][1]["fullUrl"]}}, {"item": {"reference": stored(replacing)[1:]}}],
    },
    "request": {"method": "POST", "url": "List"},
}
sent["entry"].insert(2, folder)
response = ask(author, "transaction-response-folder", 200, "POST", "", **send(sent))
found = ask(reader, "searchset-folder", 200, "GET", "/List", params={**query, "code": "folder"}, xml=True)
check.that("the folder is found", any(r["title"] == "Suivi du diabète" for r in matches(found)), found["total"])
ask(reader, "list-folder", 200, "GET", "/List/" + matches(found)[0]["id"], xml=True)
ask(reader, "history-list", 200, "GET", f"/List/{matches(found)[0]['id']}/_history", xml=True)
ask(reader, "vread-list", 200, "GET", f"/List/{matches(found)[0]['id']}/_history/1", xml=True)
for prefer in ("minimal", "representation", "OperationOutcome"):
    ask(author, f"transaction-response-{prefer}", 200, "POST", "", **send(demo.bundle()[0], Prefer=f"return={prefer}"))
    ask(author, f"create-{prefer}", 201, "POST", "/DocumentReference", bare=prefer == "minimal", **send(demo.simplified()[0], Prefer=f"return={prefer}"))

# A FHIR document.
sent, _, _ = demo.bundle()
reference, content = sent["entry"][1]["resource"], sent["entry"][2]
for name in ("size", "hash"):
    reference["content"][0]["attachment"].pop(name, None)
reference["content"][0]["attachment"]["contentType"] = FHIR
# Everything that the rules of R4 ask of a document, so that the validator judges the server and not this test.
subject, writer = f"urn:uuid:{uuid.uuid4()}", f"urn:uuid:{uuid.uuid4()}"
content["resource"] = {
    "resourceType": "Bundle",
    "identifier": {k: reference["masterIdentifier"][k] for k in ("system", "value")},
    "type": "document",
    "timestamp": "2026-06-01T10:00:00+02:00",
    "entry": [
        {"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": {
            "resourceType": "Composition", "status": "final", "type": reference["type"], "subject": {"reference": subject},
            "date": "2026-06-01T10:00:00+02:00", "author": [{"reference": writer}], "title": "Synthèse",
            "section": [{"title": "Synthèse", "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Stable</p></div>'}}],
        }},
        {"fullUrl": subject, "resource": {"resourceType": "Patient", "identifier": [{"system": demo.INS_SYSTEM, "value": demo.INS}]}},
        {"fullUrl": writer, "resource": {"resourceType": "Practitioner", "name": [{"family": "MARTINEAU"}]}},
    ],
}
content["request"]["url"] = "Bundle"
response = ask(author, "transaction-response-fhir-document", 200, "POST", "", **send(sent))
where = of(response["entry"][2]["response"]["location"].split("/_history")[0])
read = ask(reader, "fhir-document", 200, "GET", where)
check.that("the FHIR document is the one sent", {**read, "id": 0, "meta": 0} == {**content["resource"], "id": 0, "meta": 0}, list(read))
ask(reader, "fhir-document-reference", 200, "GET", of(response["entry"][1]["response"]["location"].split("/_history")[0]), xml=True)

# Files that become CDA documents, over HTTP: what was told is kept beside what was made.
FILES = {
    "pdf": ("application/pdf", sample.pdf()),
    "text": ("text/plain", sample.TEXT),
    "jpeg": ("image/jpeg", sample.JPEG),
}
wrapped = {}
for name, (media_type, bytes_) in FILES.items():
    document, _, _ = demo.simplified()
    attachment = document["content"][0]["attachment"]
    attachment.update(contentType=media_type, data=base64.b64encode(bytes_).decode(), size=len(bytes_), title=f"Pièce <{name}> & \"annexe\"",
                      hash=base64.b64encode(hashlib.sha1(bytes_).digest()).decode())
    document["content"][0].pop("format", None)
    document.pop("relatesTo", None)
    made = ask(author, f"wrapped-{name}", 201, "POST", "/DocumentReference", **send(document, Prefer="return=representation"))
    wrapped[name] = made
    ask(reader, f"documentreference-wrapped-{name}", 200, "GET", stored(made), xml=True)
    url = made["content"][0]["attachment"]["url"]
    cda = author.get(url, headers={"Accept": "text/xml"})
    check.that(f"wrapped-{name} is read as CDA", cda.headers["content-type"].startswith("text/xml"), cda.headers["content-type"])
    demo.made(f"http-{name}", cda.content, author.get(address(stored(made))).json(), bytes_)
    back = author.get(url, headers={"Accept": media_type})
    check.that(f"wrapped-{name} is read back as it came", back.content == bytes_, back.status_code)
outcome = ask(author, "outcome-wrapped", 201, "POST", "/DocumentReference",
              **send({**demo.simplified()[0], "content": [{"attachment": {"contentType": "text/plain", "title": "Note", "creation": "2026-06-01T10:00:00+02:00",
                                                                           "data": base64.b64encode(b"Note").decode()}}]}, Prefer="return=OperationOutcome"))
check.that("the wrapping is told", any(i["details"]["coding"][0]["code"] == "wrapped" for i in outcome["issue"]), outcome)
binary = ask(reader, "binary-resource", 200, "GET", wrapped["pdf"]["content"][0]["attachment"]["url"], xml=True)
check.that("binary-resource holds the CDA", b"ClinicalDocument" in base64.b64decode(binary["data"]), binary["contentType"])

# Metadata made of a document (ITI-106).
letter, _, _ = demo.letter()
parameters = {"resourceType": "Parameters", "parameter": [{"name": "document", "resource": {
    "resourceType": "Binary", "contentType": "text/xml", "data": base64.b64encode(letter).decode()}}]}
generated = ask(author, "generate-metadata", 200, "POST", "/DocumentReference/$generate-metadata", **send(parameters))
ask(author, "generated-documentreference", 200, "GET", "/" + generated["parameter"][0]["valueReference"]["reference"], xml=True)
ask(author, "refused-generate-twice", 409, "POST", "/DocumentReference/$generate-metadata", "duplicate-document", xml=True, **send(parameters))

# What would be said of a resource.
good, _, _ = demo.bundle()
goods = {
    "Bundle": good, "DocumentReference": demo.simplified()[0], "List": good["entry"][0]["resource"], "Consent": demo.consent(),
    "Patient": json.loads((demo.EXAMPLES / "patient.json").read_text()),
}
for kind, resource in goods.items():
    said = ask(author, f"validate-good-{kind}", 200, "POST", f"/{kind}/$validate", xml=True, **send(resource))
    check.that(f"validate-good-{kind} has no error", not any(i["severity"] in ("error", "fatal") for i in said["issue"]), said["issue"])
    spoilt = {**json.loads(json.dumps(resource)), "colour": "red", "status": "nonsense"}
    said = ask(author, f"validate-bad-{kind}", 200, "POST", f"/{kind}/$validate", xml=True, **send(spoilt))
    check.that(f"validate-bad-{kind} tells it", any(i["severity"] == "error" for i in said["issue"]), said["issue"])

# A batch: each entry for itself.
get = lambda url: {"request": {"method": "GET", "url": url}}
encoded = P["patient.identifier"].replace("|", "%7C")
entries = [
    get(of(wrapped["pdf"]["content"][0]["attachment"]["url"])[1:]),
    get(f"DocumentReference?patient.identifier={encoded}&status=current&_count=2"),
    get("DocumentReference/unknown"),
    get(stored(replacing)[1:]),
    {"resource": demo.simplified()[0], "request": {"method": "POST", "url": "DocumentReference"}},
    {"resource": {"resourceType": "Consent", "status": "nonsense"}, "request": {"method": "POST", "url": "Consent"}},
    {"resource": {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": base64.b64encode(
        json.dumps([{"op": "replace", "path": f"/extension[url:'{archived}']/valueBoolean", "value": True}]).encode()).decode()},
     "request": {"method": "PATCH", "url": stored(wrapped["text"])[1:]}},
    {"request": {"method": "DELETE", "url": stored(wrapped["jpeg"])[1:]}},
    get("Encounter?x=y"),
]
batch = ask(author, "batch-response", 200, "POST", "", xml=False, **send({"resourceType": "Bundle", "type": "batch", "entry": entries}))
statuses = [e["response"]["status"][:3] for e in batch["entry"]]
check.that("batch-response has its statuses", statuses == ["200", "200", "404", "200", "201", "422", "200", "204", "404"], statuses)
ask(author, "batch-response-reading", 200, "POST", "", xml=True, **send({"resourceType": "Bundle", "type": "batch", "entry": entries[:4]}))

# Deleted: 410 to who may know of it, as any other refusal.
gone = stored(wrapped["jpeg"])
ask(author, "refused-deleted-read", 410, "GET", gone, "document-deleted", xml=True)
ask(author, "refused-deleted-binary", 410, "GET", wrapped["jpeg"]["content"][0]["attachment"]["url"], "document-deleted", xml=True)
ask(author, "refused-deleted-history", 410, "GET", f"{gone}/_history", "document-deleted", xml=True)
ask(author, "deleted-with-representation", 200, "DELETE", place, headers={"Prefer": "return=representation"})
ask(author, "deleted-with-outcome", 200, "DELETE", stored(replacing), headers={"Prefer": "return=OperationOutcome"})

# Rights: each version.
right = matches(ask(holder(), "searchset-consent-mine", 200, "GET", "/Consent", params={**P, "status": "active"}, xml=True))[0]
ask(holder(), "history-consent", 200, "GET", f"/Consent/{right['id']}/_history", xml=True)
ask(holder(), "vread-consent", 200, "GET", f"/Consent/{right['id']}/_history/1", xml=True)

sys.exit(check.failed > 0)
