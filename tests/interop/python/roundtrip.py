"""The round trip with fhirpy; every answer read by the strict models of fhirclient."""

import base64
import json
import sys

import demo
from fhirclient.models import bundle, capabilitystatement, consent, documentreference, fhirabstractbase, operationoutcome
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import BaseFHIRError

check = demo.Checks("fhirpy")


def client(card, **headers):
    config = {"cert": demo.card(card), "verify": str(demo.PKI / "ca.pem")}
    return SyncFHIRClient(demo.BASE, extra_headers=headers or None, requests_config=config)


def strict(model, resource, name):
    """The models of fhirclient refuse an element that is unknown, missing or of another type."""
    try:
        parsed = model(dict(resource))
        check.that(f"{name} parses", parsed.as_json() == dict(resource), "something was lost")
    except fhirabstractbase.FHIRValidationError as error:
        check.that(f"{name} parses", False, error)


def plain(resource):
    return resource.serialize() if hasattr(resource, "serialize") else resource


def refused(name, code, call):
    try:
        call()
    except BaseFHIRError as error:
        # fhirpy keeps the resource for some statuses and the text of it for the others.
        outcome = getattr(error, "resource", None) or json.loads(str(error))
        strict(operationoutcome.OperationOutcome, outcome, name)
        saw = outcome["issue"][0]["details"]["coding"][0]["code"]
        check.that(name, saw == code, saw)
    else:
        check.that(name, False, "was accepted")


physician = client("medecin2", **{"DMP-Structure": demo.STRUCTURE})

capabilities = physician.execute("metadata", method="get")
strict(capabilitystatement.CapabilityStatement, capabilities, "metadata")

patient = physician.resources("Patient").search(identifier=demo.PATIENT).first()
check.that("Patient search (TD0.2)", patient is not None and patient["active"] is True, patient)

declared = physician.resource("Consent", **{k: v for k, v in demo.consent().items() if k != "resourceType"})
declared.save()
check.that("Consent create (TD0.3)", declared.id is not None, declared)
strict(consent.Consent, plain(declared), "Consent")

sent, data, unique = demo.bundle()
answer = physician.execute("", method="post", data=sent)
check.that("transaction (ITI-65)", [e["response"]["status"][:3] for e in answer["entry"]] == ["201"] * 3, answer)
strict(bundle.Bundle, answer, "transaction-response")

documents = physician.resources("DocumentReference").search(**{"patient.identifier": demo.PATIENT, "status": "current"})
page = physician.execute("DocumentReference", method="get", params={"patient.identifier": demo.PATIENT, "status": "current", "_count": 5})
strict(bundle.Bundle, page, "searchset")
everything = documents.limit(5).fetch_all()
check.that("search, page by page (ITI-67)", len(everything) == page["total"] > 5, len(everything))
check.that("no document twice", len({d.id for d in everything}) == len(everything))
mine = physician.resources("DocumentReference").search(
    **{"patient.identifier": demo.PATIENT, "status": "current", "identifier": f"urn:ietf:rfc:3986|urn:oid:{unique}"}
).fetch()
check.that("search by identifier", len(mine) == 1, len(mine))

read = physician.reference("DocumentReference", mine[0].id).to_resource()
strict(documentreference.DocumentReference, plain(read), "DocumentReference")
binary = physician.execute(read["content"][0]["attachment"]["url"].removeprefix(demo.BASE + "/"), method="get")
check.that("Binary (ITI-68)", base64.b64decode(binary["data"]) == data, "other bytes")

lists = physician.resources("List").search(**{"patient.identifier": demo.PATIENT, "code": "submissionset", "status": "current"}).fetch()
check.that("List search (ITI-66)", len(lists) > 0)

one, _, _ = demo.simplified()
created = physician.resource("DocumentReference", **{k: v for k, v in one.items() if k != "resourceType"})
created.save()
check.that("create (ITI-105)", created.id is not None, created)
strict(documentreference.DocumentReference, plain(created), "created DocumentReference")
refused("the same again: duplicate-document", "duplicate-document",
        lambda: physician.execute("DocumentReference", method="post", data=one))

refused("a secretary does not read: card-cannot-consult", "card-cannot-consult",
        lambda: client("secretaire").resources("DocumentReference").search(**{"patient.identifier": demo.PATIENT, "status": "current"}).fetch())
refused("unknown id: not-found", "not-found", lambda: physician.execute("DocumentReference/unknown", method="get"))

sys.exit(check.failed > 0)
