#!/usr/bin/env bash
# TD2 (ITI-65): deposits a CDA document in a transaction of three resources: List, DocumentReference, Binary.
# letter.xml and publish.json are filled with a new identifier, the time, and the size, hash and bytes of the document.
# usage: [CARD=medecin2] examples/publish.sh
. "$(dirname "$0")/lib.sh"

arc=2.25.291547788731639538126744639469724212631
now=$(date +%s)
bytes=$(mktemp)
bundle=$(mktemp)
trap 'rm -f "$bytes" "$bundle"' EXIT

sed -e "s/@ID@/$arc.8.$now.$$/" \
    -e "s/@SET@/$arc.9.$now.$$/" \
    -e "s/@HL7@/$(date -d "@$now" +%Y%m%d%H%M%S%z)/" \
    "$HERE/letter.xml" > "$bytes"

sed -e "s/@ID@/$arc.8.$now.$$/" \
    -e "s/@SUBMISSION@/$arc.6.$now.$$/" \
    -e "s/@FHIR@/$(date -d "@$now" +%Y-%m-%dT%H:%M:%S%:z)/" \
    -e "s/@SIZE@/$(wc -c < "$bytes")/" \
    -e "s|@HASH@|$(openssl dgst -sha1 -binary "$bytes" | base64)|" \
    -e "s|@DATA@|$(base64 -w 0 "$bytes")|" \
    "$HERE/publish.json" > "$bundle"

fhir "${CARD:-medecin2}" -H 'Content-Type: application/fhir+json' \
  -H 'DMP-Structure: 499900000029010' \
  --data-binary "@$bundle" "$BASE"
