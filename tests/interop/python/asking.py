"""Asks the demonstration with one of its cards and leaves each answer for the validator. lxml reads the XML ones."""

import functools
import json
import ssl

import demo
import httpx
from lxml import etree

FHIR = "application/fhir+json"
XML = "application/fhir+xml"
P = {"patient.identifier": demo.PATIENT}
check = demo.Checks("httpx")


def caller(card=None, **headers):
    context = ssl.create_default_context(cafile=str(demo.PKI / "ca.pem"))
    if card:
        context.load_cert_chain(*demo.card(card))
    return httpx.Client(verify=context, headers={"Accept": FHIR, **headers}, timeout=60)


def nobody():
    return caller()


def physician():
    """Bruno Martineau, in his practice."""
    return caller("medecin2", **{"DMP-Structure": demo.STRUCTURE})


def treating():
    return caller("medecin")


def holder():
    """Camille Roussel, through the portal."""
    return caller("exploitant", Authorization=f"Bearer {demo.token()}")


def address(path):
    return path if path.startswith("https:") else demo.BASE + path


def read_xml(name, answer):
    """What every XML answer must be, whatever it says."""
    kind = answer.headers["content-type"].split(";")[0]
    check.that(f"{name} media type", kind == XML, kind)
    if kind != XML:
        return
    root = etree.fromstring(answer.content, etree.XMLParser(resolve_entities=False, no_network=True))
    spaces = {etree.QName(e).namespace for e in root.iter(etree.Element)}
    check.that(f"{name} namespaces", spaces <= {"http://hl7.org/fhir", "http://www.w3.org/1999/xhtml"}, spaces)
    empty = [e.tag for e in root.iter(etree.Element) if etree.QName(e).namespace == "http://hl7.org/fhir" and not len(e) and not e.get("value")]
    check.that(f"{name} has no empty element", not empty, empty[:3])
    demo.keep(name, answer.text)


def ask(client, name, status, method, path, refusal=None, xml=False, bare=False, **more):
    """One request, and the same for XML where that is asked. Returns the resource, or None for an answer without body."""
    answer = client.request(method, address(path), **more)
    check.that(name, answer.status_code == status, f"{answer.status_code} {answer.text[:300]}")
    if bare:
        check.that(f"{name} without body", not answer.content, answer.content[:50])
        return None
    if answer.headers.get("content-type", "").split(";")[0] != FHIR:
        check.that(f"{name} media type", False, answer.headers.get("content-type"))
        return None
    demo.keep(name, answer.text)
    body = answer.json()
    if refusal:
        saw = body["issue"][0]["details"]["coding"][0]["code"]
        check.that(f"{name} code", saw == refusal, saw)
    if xml:
        # The validator's run compares NAME.json and NAME.xml.
        again = client.request(method, address(path), **{**more, "headers": {**more.get("headers", {}), "Accept": XML}})
        check.that(f"{name} in XML", again.status_code == status, f"{again.status_code} {again.text[:300]}")
        read_xml(name, again)
    return body


def send(resource, **headers):
    return {"content": json.dumps(resource), "headers": {"Content-Type": FHIR, **headers}}


def patch(path, value, op="replace"):
    return {"content": json.dumps([{"op": op, "path": path, "value": value}]), "headers": {"Content-Type": "application/json-patch+json"}}


def matches(bundle):
    return [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]


@functools.cache
def authorised():
    """The physician declares the patient's consent, once; what he may do then is his."""
    client = physician()
    answer = client.post(demo.BASE + "/Consent", **send(demo.consent()))
    check.that("consent declared", answer.status_code in (200, 201), answer.text[:300])
    return client
