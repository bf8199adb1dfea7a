#!/usr/bin/env bash
# TD3.2 (ITI-68): the bytes of the newest document that the holder of a card may read, as they were deposited.
# usage: [CARD=infirmier] [ACCEPT=text/html] examples/read.sh > document.xml
. "$(dirname "$0")/lib.sh"

url=$("$HERE/search.sh" _count=1 | grep -o 'https://[^"]*/Binary/[^"]*' | head -n 1)
fhir "${CARD:-infirmier}" -H "Accept: ${ACCEPT:-text/xml}" "$url"
