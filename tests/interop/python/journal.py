"""The patient's journal, last: one AuditEvent of every kind of act that was done until now, in JSON and in XML."""

import sys

from asking import P, ask, check, holder, matches

patient = holder()
kinds, page = {}, 0
found = ask(patient, "journal", 200, "GET", "/AuditEvent", params={**P, "_count": 100})
while True:
    for event in matches(found):
        acts = tuple(sorted(c["code"] for c in event.get("subtype", [])))
        kinds.setdefault((event["type"]["code"], acts, event["outcome"], bool(event.get("purposeOfEvent"))), event["id"])
    onward = [link["url"] for link in found["link"] if link["relation"] == "next"]
    page += 1
    if not onward or page > 50:
        break
    found = patient.get(onward[0]).json()
for number, ((kind, acts, outcome, _), event) in enumerate(sorted(kinds.items())):
    ask(patient, f"auditevent-{number:02}-{kind}-{'-'.join(acts)}-{outcome}".replace(":", "-").replace("/", "-"), 200, "GET", f"/AuditEvent/{event}", xml=True)
check.that("there are events of many kinds", len(kinds) >= 15, sorted(kinds))
print(f"# {len(kinds)} kinds of events on {page} pages")

sys.exit(check.failed > 0)
