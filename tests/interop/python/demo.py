"""The demonstration as the clients see it: cards, the patient, a letter to deposit."""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import uuid

BASE = os.environ["BASE"]
PKI = pathlib.Path(os.environ["DEMO"]) / "pki"
EXAMPLES = pathlib.Path(os.environ["EXAMPLES"])
INS_SYSTEM = "urn:oid:1.2.250.1.213.1.4.10"
INS = "279036990100166"
PATIENT = f"{INS_SYSTEM}|{INS}"
STRUCTURE = "499900000029010"
VISIBILITY = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"


def card(name):
    return str(PKI / f"{name}.pem"), str(PKI / f"{name}.key")


def token():
    """What the portal gives the holder of the record."""
    command = [os.environ["BINARY"], "demo-token", "--dir", os.environ["DEMO"], "--ins", PATIENT]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def letter():
    """A CDA document with numbers of its own: its bytes, its identifier, the time in it."""
    now = datetime.datetime.now(datetime.timezone.utc).astimezone().replace(microsecond=0)
    unique = f"2.25.{uuid.uuid4().int}"
    text = (EXAMPLES / "letter.xml").read_text()
    text = text.replace("@ID@", unique).replace("@SET@", f"2.25.{uuid.uuid4().int}")
    return text.replace("@HL7@", now.strftime("%Y%m%d%H%M%S%z")).encode(), unique, now.isoformat()


def bundle():
    """ITI-65: what deposits a letter, the letter and its identifier."""
    data, unique, stamp = letter()
    text = (EXAMPLES / "publish.json").read_text()
    filled = {
        "@ID@": unique,
        "@SUBMISSION@": f"2.25.{uuid.uuid4().int}",
        "@FHIR@": stamp,
        "@SIZE@": str(len(data)),
        "@HASH@": base64.b64encode(hashlib.sha1(data).digest()).decode(),
        "@DATA@": base64.b64encode(data).decode(),
    }
    for mark, value in filled.items():
        text = text.replace(mark, value)
    return json.loads(text), data, unique


def simplified():
    """ITI-105: the same as one DocumentReference with the bytes inside."""
    sent, data, unique = bundle()
    document = sent["entry"][1]["resource"]
    attachment = document["content"][0]["attachment"]
    del attachment["url"]
    attachment["data"] = base64.b64encode(data).decode()
    return document, data, unique


def consent():
    return json.loads((EXAMPLES / "consent.json").read_text())


def keep(name, text):
    """Leaves an answer for the validator."""
    suffix = "xml" if text.lstrip().startswith("<") else "json"
    (pathlib.Path(os.environ["COLLECTED"]) / f"{name}.{suffix}").write_text(text)


def made(name, data, told=None, content=None, **more):
    """Leaves a CDA document that the server made, with the DocumentReference (or Immunization) that stands beside it and the file in it."""
    folder = pathlib.Path(os.environ["MADE"])
    (folder / f"{name}.xml").write_bytes(data)
    beside = {"told": told, "content": base64.b64encode(content).decode() if content is not None else None, **more}
    (folder / f"{name}.json").write_text(json.dumps(beside))


class Checks:
    """Counts; one line for each check."""

    def __init__(self, client):
        self.client = client
        self.failed = 0

    def that(self, name, held, saw=""):
        print(f"ok {self.client} {name}" if held else f"FAIL {self.client} {name}: {saw}", flush=True)
        self.failed += not held
