"""Asks for one of everything that the server answers and leaves it for the validator. lxml reads the XML answers."""

import base64
import json
import sys

import demo
import httpx
import ssl
from lxml import etree

check = demo.Checks("httpx")
FHIR = "application/fhir+json"


def caller(card=None, **headers):
    context = ssl.create_default_context(cafile=str(demo.PKI / "ca.pem"))
    if card:
        context.load_cert_chain(*demo.card(card))
    return httpx.Client(verify=context, headers={"Accept": FHIR, **headers}, timeout=60)


def ask(client, name, status, method, path, refusal=None, **more):
    url = path if path.startswith("https:") else demo.BASE + path
    answer = client.request(method, url, **more)
    check.that(name, answer.status_code == status, f"{answer.status_code} {answer.text[:300]}")
    if not answer.content:
        return None
    demo.keep(name, answer.text)
    if answer.headers["content-type"].split(";")[0] != FHIR:
        check.that(f"{name} media type", False, answer.headers["content-type"])
        return None
    body = answer.json()
    if refusal:
        saw = body["issue"][0]["details"]["coding"][0]["code"]
        check.that(f"{name} code", saw == refusal, saw)
    return body


def patch(path, value, op="replace"):
    return {"content": json.dumps([{"op": op, "path": path, "value": value}]), "headers": {"Content-Type": "application/json-patch+json"}}


def send(resource, **headers):
    return {"content": json.dumps(resource), "headers": {"Content-Type": FHIR, **headers}}


P = {"patient.identifier": demo.PATIENT}
nobody = caller()
physician = caller("medecin2", **{"DMP-Structure": demo.STRUCTURE})
treating = caller("medecin")
secretary = caller("secretaire")
operator = caller("exploitant")
holder = caller("exploitant", Authorization=f"Bearer {demo.token()}")

capabilities = ask(nobody, "metadata", 200, "GET", "/metadata")
ask(nobody, "refused-login", 401, "GET", "/DocumentReference", "login-required", params=P)

# The record (TD0.2), and its rights.
found = ask(treating, "searchset-patient", 200, "GET", "/Patient", params={"identifier": demo.PATIENT})
ask(treating, "patient", 200, "GET", "/Patient/" + found["entry"][0]["resource"]["id"])
opened = json.loads((demo.EXAMPLES / "patient.json").read_text())
answer = operator.put(demo.BASE + "/Patient", params={"identifier": demo.INS_SYSTEM + "|185076991300111"}, **send(opened))
check.that("patient-opened", answer.status_code in (200, 201), answer.text[:300])
demo.keep("patient-opened", answer.text)
answer = physician.post(demo.BASE + "/Consent", **send(demo.consent()))
check.that("consent-declared", answer.status_code in (200, 201), answer.text[:300])
demo.keep("consent-declared", answer.text)
ask(physician, "consent", 200, "GET", "/Consent/" + answer.json()["id"])
ask(physician, "searchset-consent", 200, "GET", "/Consent", params={**P, "status": "active"})
ask(holder, "searchset-consent-holder", 200, "GET", "/Consent", params={**P, "status": "active"})

# Deposits.
sent, data, unique = demo.bundle()
ask(physician, "transaction-response", 200, "POST", "", **send(sent))
ask(physician, "refused-duplicate", 409, "POST", "", "duplicate-document", **send(sent))
document, _, _ = demo.simplified()
created = ask(physician, "documentreference-created", 201, "POST", "/DocumentReference", **send(document))
ask(physician, "outcome-created", 201, "POST", "/DocumentReference", **send(demo.simplified()[0], Prefer="return=OperationOutcome"))

# Searches and reads: all that the demonstration holds.
documents = ask(treating, "searchset-document", 200, "GET", "/DocumentReference", params={**P, "status": "current,superseded", "_count": 200})
ask(treating, "searchset-page", 200, "GET", "/DocumentReference", params={**P, "status": "current", "_count": 3})
ask(treating, "searchset-status-defaulted", 200, "GET", "/DocumentReference", params=P)
ask(treating, "searchset-unknown-parameter", 200, "GET", "/DocumentReference", params={**P, "status": "current", "colour": "red"})
ask(treating, "searchset-empty", 200, "GET", "/DocumentReference", params={**P, "status": "current", "type": "nothing"})
ask(treating, "searchset-posted", 200, "POST", "/DocumentReference/_search", data={**P, "status": "current"})
lists = ask(treating, "searchset-list", 200, "GET", "/List", params={**P, "code": "submissionset", "status": "current", "_count": 200})
for number, entry in enumerate(documents["entry"]):
    if entry["search"]["mode"] == "match":
        ask(treating, f"documentreference-{number:02}", 200, "GET", entry["fullUrl"])
for number, entry in enumerate(lists["entry"][:5]):
    if entry["search"]["mode"] == "match":
        ask(treating, f"list-{number:02}", 200, "GET", entry["fullUrl"])
ask(physician, "binary", 200, "GET", created["content"][0]["attachment"]["url"])
ask(physician, "documentreference-version", 200, "GET", f"/DocumentReference/{created['id']}/_history/1")

# Patches of one's own document (TD3.3).
mine = f"/DocumentReference/{created['id']}"
label = {"coding": [{"system": demo.VISIBILITY, "code": "MASQUE_PS"}]}
normal = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}]}
ask(physician, "documentreference-masked", 200, "PATCH", mine, **patch("/securityLabel/0", label))
ask(treating, "refused-masked", 404, "GET", mine, "not-found")
ask(physician, "documentreference-unmasked", 200, "PATCH", mine, **patch("/securityLabel/0", normal))
archived = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"
ask(physician, "documentreference-archived", 200, "PATCH", mine, **patch(f"/extension[url:'{archived}']/valueBoolean", True))
ask(physician, "refused-not-mutable", 405, "PATCH", mine, "not-mutable", **patch("/description", "x"))
ask(physician, "documentreference-deleted", 200, "PATCH", mine, **patch("/status", "entered-in-error"))
ask(physician, "refused-deleted", 410, "GET", mine, "document-deleted")

# Refusals.
query = {**P, "status": "current"}
ask(secretary, "refused-card", 403, "GET", "/DocumentReference", "card-cannot-consult", params=query)
ask(treating, "refused-closed", 403, "GET", "/DocumentReference", "record-closed",
    params={"patient.identifier": demo.INS_SYSTEM + "|244065190501943", "status": "current"})
ask(treating, "refused-reason", 400, "GET", "/DocumentReference", "reason-required", params=query, headers={"DMP-Access-Mode": "bris_de_glace"})
ask(treating, "refused-header", 400, "GET", "/DocumentReference", "header-invalid", params=query, headers={"DMP-Access-Mode": "perhaps"})
ask(treating, "refused-ins", 400, "GET", "/DocumentReference", "ins-invalid", params={"patient.identifier": "urn:oid:1.2.3|1", "status": "current"})
ask(treating, "refused-parameter", 400, "GET", "/DocumentReference", "parameter-invalid", params={**query, "date": "yesterday"})
ask(treating, "refused-unknown-id", 404, "GET", "/DocumentReference/unknown", "not-found")
ask(treating, "refused-route", 404, "GET", "/Encounter", "not-supported")
ask(treating, "refused-method", 405, "DELETE", "/AuditEvent", "method-not-allowed")
ask(physician, "refused-media-type", 415, "POST", "/DocumentReference", "unsupported-media-type", content="x", headers={"Content-Type": "text/plain"})
ask(physician, "refused-malformed", 400, "POST", "/DocumentReference", "malformed", content="{", headers={"Content-Type": FHIR})
ask(secretary, "refused-structure", 403, "POST", "/DocumentReference", "structure-mismatch", **send(document, **{"DMP-Structure": "10B0000099"}))
for name, spoil in {
    "refused-hash": lambda a: a.update(hash=base64.b64encode(bytes(20)).decode()),
    "refused-size": lambda a: a.update(size=1),
    "refused-cda": lambda a: (a.update(data=base64.b64encode(b"<a/>").decode()), a.pop("size"), a.pop("hash")),
}.items():
    wrong = demo.simplified()[0]
    spoil(wrong["content"][0]["attachment"])
    ask(physician, name, 422, "POST", "/DocumentReference", "cda-invalid" if name == "refused-cda" else "hash-mismatch", **send(wrong))
several = demo.simplified()[0]
several.update(status="nonsense", colour="red", type={"coding": [{"system": "http://loinc.org", "code": "0-0"}]})
ask(physician, "refused-several", 422, "POST", "/DocumentReference", **send(several))

# The journal, last: one event of every kind above.
events = ask(holder, "searchset-auditevent", 200, "GET", "/AuditEvent", params={**P, "_count": 200})
ask(holder, "auditevent", 200, "GET", events["entry"][0]["fullUrl"])

# The same in XML, once the server says that it speaks it.
if any("xml" in each for each in capabilities["format"]):
    xml = {"Accept": "application/fhir+xml"}
    for name, client, path, params in [
        ("xml-metadata", nobody, "/metadata", None),
        ("xml-searchset-document", treating, "/DocumentReference", {**query, "_count": 200}),
        ("xml-searchset-list", treating, "/List", {**P, "code": "submissionset", "status": "current"}),
        ("xml-searchset-patient", treating, "/Patient", {"identifier": demo.PATIENT}),
        ("xml-searchset-consent", holder, "/Consent", {**P, "status": "active"}),
        ("xml-searchset-auditevent", holder, "/AuditEvent", {**P, "_count": 200}),
        ("xml-refused", secretary, "/DocumentReference", query),
    ]:
        answer = client.get(demo.BASE + path, params=params, headers=xml)
        kind = answer.headers["content-type"].split(";")[0]
        check.that(f"{name} media type", kind == "application/fhir+xml", kind)
        root = etree.fromstring(answer.content, etree.XMLParser(resolve_entities=False, no_network=True))
        spaces = {etree.QName(e).namespace for e in root.iter(etree.Element)}
        check.that(f"{name} namespaces", spaces <= {"http://hl7.org/fhir", "http://www.w3.org/1999/xhtml"}, spaces)
        empty = [e.tag for e in root.iter(etree.Element) if etree.QName(e).namespace == "http://hl7.org/fhir" and not len(e) and not e.get("value")]
        check.that(f"{name} has no empty element", not empty, empty[:3])
        demo.keep(name, answer.text)

sys.exit(check.failed > 0)
