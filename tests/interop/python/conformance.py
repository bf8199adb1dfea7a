"""The conformance resources, found and read one by one; in XML too from the day they are served so."""

import sys

from asking import XML, address, ask, check, nobody, read_xml, treating

anyone, reader = nobody(), treating()
statement = ask(anyone, "metadata-again", 200, "GET", "/metadata", xml=True)
in_xml = []
for kind in ("StructureDefinition", "SearchParameter", "OperationDefinition", "CodeSystem", "ValueSet"):
    found = ask(reader, f"searchset-{kind}", 200, "GET", f"/{kind}")
    check.that(f"searchset-{kind} holds some", found.get("entry"), found.get("total"))
    for entry in found.get("entry", []):
        resource = entry["resource"]
        read = reader.get(address(f"/{kind}/{resource['id']}"))
        check.that(f"read {kind}/{resource['id']}", read.status_code == 200 and read.json()["id"] == resource["id"], read.text[:200])
        by_url = reader.get(address(f"/{kind}"), params={"url": resource["url"]}).json()
        check.that(f"{kind}?url={resource['url']}", by_url["total"] == 1, by_url["total"])
    one = f"/{kind}/{found['entry'][0]['resource']['id']}"
    ask(reader, f"read-{kind}", 200, "GET", one)
    answer = reader.get(address(one), headers={"Accept": XML})
    if answer.status_code == 406:
        read_xml(f"refused-xml-{kind}", answer)
    else:
        in_xml.append(kind)
        check.that(f"read-{kind} in XML", answer.status_code == 200, answer.status_code)
        read_xml(f"read-{kind}", answer)
    ask(reader, f"refused-{kind}", 404, "GET", f"/{kind}/unknown", "not-found")
print("# conformance resources in XML:", ", ".join(in_xml) or "none")

# Every profile, parameter and definition that the statement names under our own address is there.
ours = [p for r in statement["rest"][0]["resource"] for p in [r.get("profile"), *r.get("supportedProfile", [])] if p]
ours += [p["definition"] for r in statement["rest"][0]["resource"] for p in r.get("searchParam", []) if "definition" in p]
for url in sorted({u for u in ours if u.startswith("https://passerelle.dev/")}):
    kind = url.split("/")[-2]
    check.that(f"{url} is served", reader.get(address(f"/{kind}"), params={"url": url.split("|")[0]}).json().get("total") == 1)

sys.exit(check.failed > 0)
