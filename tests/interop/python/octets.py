"""What HTTP itself promises: parts, conditions, compression, HEAD, forms."""

import gzip
import json
import sys

import demo
from asking import FHIR, P, address, authorised, check, send

client = authorised()
created = client.post(address("/DocumentReference"), **send(demo.simplified()[0])).json()
url, place = created["content"][0]["attachment"]["url"], address(f"/DocumentReference/{created['id']}")
raw = {"Accept": "text/xml"}
plain = {"Accept-Encoding": "identity"}


def get(path, **headers):
    return client.get(path, headers=headers)


whole = get(url, **raw, **plain)
tag, size = whole.headers["etag"], len(whole.content)
check.that("bytes carry a strong tag", whole.status_code == 200 and tag.startswith('"'), tag)
for asked, first, last in [("bytes=0-9", 0, 9), ("bytes=10-", 10, size - 1), ("bytes=-7", size - 7, size - 1), (f"bytes=0-{size * 2}", 0, size - 1)]:
    part = get(url, **raw, Range=asked)
    check.that(f"part {asked}", part.status_code == 206 and part.content == whole.content[first:last + 1]
               and part.headers["content-range"] == f"bytes {first}-{last}/{size}", (part.status_code, part.headers.get("content-range")))
    check.that(f"part {asked} is not compressed", "content-encoding" not in part.headers)
check.that("part with If-Range", get(url, **raw, Range="bytes=0-4", **{"If-Range": tag}).status_code == 206)
other = get(url, **raw, **plain, Range="bytes=0-4", **{"If-Range": '"other"'})
check.that("whole when If-Range does not hold", other.status_code == 200 and other.content == whole.content, other.status_code)
behind = get(url, **raw, Range=f"bytes={size}-")
check.that("part behind the end", behind.status_code == 416 and behind.headers.get("content-range") == f"bytes */{size}", (behind.status_code, dict(behind.headers)))
several = get(url, **raw, **plain, Range="bytes=0-1,4-5")
check.that("several parts are the whole", several.status_code == 200 and several.content == whole.content, several.status_code)

packed = client.build_request("GET", url, headers={**raw, "Accept-Encoding": "gzip"})
packed = client.send(packed, stream=True)
sent = b"".join(packed.iter_raw())
check.that("bytes come compressed to who asks", packed.headers.get("content-encoding") == "gzip" and gzip.decompress(sent) == whole.content, dict(packed.headers))
check.that("the tag of what is compressed is weak", packed.headers["etag"].startswith("W/"), packed.headers["etag"])
body = gzip.compress(json.dumps(demo.simplified()[0]).encode())
answer = client.post(address("/DocumentReference"), content=body, headers={"Content-Type": FHIR, "Content-Encoding": "gzip"})
check.that("a body may be compressed", answer.status_code == 201, answer.text[:300])
answer = client.post(address("/DocumentReference"), content=body, headers={"Content-Type": FHIR, "Content-Encoding": "br"})
check.that("no other coding", answer.status_code == 415, answer.status_code)

for name, path in [("document", place), ("bytes", url), ("search", address("/DocumentReference") + "?patient.identifier=" + demo.PATIENT.replace("|", "%7C") + "&status=current")]:
    accept = raw if name == "bytes" else {}
    head, full = client.head(path, headers={**accept, **plain}), get(path, **accept, **plain)
    check.that(f"HEAD of {name}", head.status_code == full.status_code == 200 and not head.content, head.status_code)
    for header in ("content-type", "etag", "last-modified"):
        check.that(f"HEAD of {name}: {header}", head.headers.get(header) == full.headers.get(header), (head.headers.get(header), full.headers.get(header)))
    if name == "search":
        continue
    for condition in ({"If-None-Match": full.headers["etag"]}, {"If-None-Match": f'"x", {full.headers["etag"]}'}, {"If-Modified-Since": full.headers["last-modified"]}):
        again = get(path, **accept, **condition)
        check.that(f"304 of {name}: {next(iter(condition))}", again.status_code == 304 and not again.content, again.status_code)
    check.that(f"not 304 of {name} with another tag", get(path, **accept, **{"If-None-Match": '"x"'}).status_code == 200)
patch = json.dumps([{"op": "replace", "path": "/status", "value": "current"}])
stale = client.patch(place, content=patch, headers={"Content-Type": "application/json-patch+json", "If-Match": 'W/"99"'})
check.that("412 with a stale If-Match", stale.status_code == 412, stale.status_code)

# POST _search: the form adds to the query; the same as GET.
by_get = client.get(address("/DocumentReference"), params={**P, "status": "current", "_count": 5}).json()
by_post = client.post(address("/DocumentReference/_search?_count=5"), data={**P, "status": "current"}).json()
ids = lambda bundle: [e["resource"]["id"] for e in bundle["entry"]]
check.that("POST _search finds what GET finds", by_get["total"] == by_post["total"] and ids(by_get) == ids(by_post), (by_get["total"], by_post["total"]))
check.that("no INS in links", not any(demo.INS in link["url"] for link in by_post["link"] if link["relation"] == "next"), by_post["link"])

sys.exit(check.failed > 0)
