"""What `cda wrap` makes, read by lxml: the header says what was told, the body is the file, elements stand in the schema's order."""

import base64
import copy
import json
import os
import pathlib
import subprocess
import tempfile

from lxml import etree

import demo
import sample

NS = {"c": "urn:hl7-org:v3"}
META = json.loads((pathlib.Path(os.environ["EXAMPLES"]) / "result.json").read_text())
# CDA R2, ClinicalDocument: its children, in order.
ORDER = """realmCode typeId templateId id code title effectiveTime confidentialityCode languageCode setId versionNumber copyTime
recordTarget author dataEnterer informant custodian informationRecipient legalAuthenticator authenticator participant inFulfillmentOf
documentationOf relatedDocument authorization componentOf component""".split()
FILES = {
    "application/pdf": b"%PDF-1.4\n<x:xmpmeta><pdfaid:part>1</pdfaid:part></x:xmpmeta>\n" + bytes(range(256)) * 40 + b"\n%%EOF\n",
    "text/plain": "Résultat : 5 < 7 & « normal ».\n".encode(),
    "text/rtf": rb"{\rtf1\ansi r\'e9sultat}",
    "image/jpeg": sample.JPEG,
    "image/tiff": b"II*\x00" + bytes(200),
}


def say(name, good, detail=""):
    print(("ok " if good else "FAIL ") + name + ("" if good else f": {detail}"))


def wrap(meta, data, folder):
    (folder / "file").write_bytes(data)
    (folder / "meta.json").write_text(json.dumps(meta))
    command = [os.environ["BINARY"], "cda", "wrap", "file", "--metadata", "meta.json", "--mode", "strict"]
    return subprocess.run(command, cwd=folder, capture_output=True)


def value(document, path):
    found = document.xpath(path, namespaces=NS)
    return [item if isinstance(item, str) else item.text for item in found]


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    for media_type, data in FILES.items():
        meta = copy.deepcopy(META)
        meta["content"][0]["attachment"]["contentType"] = media_type
        meta["content"][0]["attachment"]["title"] = f"Résultats <{media_type}> & \"autres\""
        made = wrap(meta, data, folder)
        say(f"wrap {media_type}", made.returncode == 0, made.stderr.decode()[:300])
        if made.returncode:
            continue
        demo.made("wrap-" + media_type.replace("/", "-"), made.stdout, None, data)
        root = etree.fromstring(made.stdout, etree.XMLParser(resolve_entities=False))
        names = [etree.QName(child).localname for child in root]
        say(f"wrap {media_type}: order", names == sorted(names, key=ORDER.index), names)
        role, contained = META["author"][0], {one["id"]: one for one in META["contained"]}
        person = contained[contained["auteur"]["practitioner"]["reference"][1:]]
        expected = {
            "/c:ClinicalDocument/c:id/@root": [META["masterIdentifier"]["value"].removeprefix("urn:oid:")],
            "/c:ClinicalDocument/c:code/@code": [META["type"]["coding"][0]["code"]],
            "/c:ClinicalDocument/c:title": [meta["content"][0]["attachment"]["title"]],
            "/c:ClinicalDocument/c:effectiveTime/@value": ["20240612100000+0200"],
            "//c:recordTarget//c:patientRole/c:id/@extension": [META["subject"]["identifier"]["value"]],
            "//c:patient/c:name/c:family[@qualifier='BR']": [contained["patient"]["name"][0]["family"]],
            "//c:patient/c:birthTime/@value": [contained["patient"]["birthDate"].replace("-", "")],
            "//c:patient/c:birthplace//c:county": ["51215"],
            "//c:author//c:assignedAuthor/c:id/@extension": [person["identifier"][0]["value"]],
            "//c:legalAuthenticator//c:family": [person["name"][0]["family"]],
            "//c:representedCustodianOrganization/c:id/@extension": [META["custodian"]["identifier"]["value"]],
            "//c:healthCareFacility/c:code/@code": [META["context"]["facilityType"]["coding"][0]["code"]],
            "//c:performer//c:standardIndustryClassCode/@code": [META["context"]["practiceSetting"]["coding"][0]["code"]],
            "//c:serviceEvent/c:code/@code": [META["context"]["event"][0]["coding"][0]["code"]],
            "//c:nonXMLBody/c:text/@mediaType": [media_type],
        }
        for path, wanted in expected.items():
            say(f"wrap {media_type}: {path}", value(root, path) == wanted, value(root, path))
        body = base64.b64decode(value(root, "//c:nonXMLBody/c:text")[0])
        say(f"wrap {media_type}: bytes", body == data)
        say(f"wrap {media_type}: again", wrap(meta, data, folder).stdout == made.stdout)
    meta = copy.deepcopy(META)
    del meta["context"]["facilityType"]
    refused = wrap(meta, FILES["application/pdf"], folder)
    told = refused.stderr.decode()
    say("wrap without facility", refused.returncode == 1 and "DocumentReference.context.facilityType" in told, told[:300])


main()
