#!/usr/bin/env bash
# TD2 (ITI-65): deposits a CDA document in a transaction of three resources: List, DocumentReference, Binary.
# letter.xml and publish.json are filled with a new identifier, the time, and the size, hash and bytes of the document.
# usage: [CARD=medecin2] examples/publish.sh
. "$(dirname "$0")/lib.sh"

arc=2.25.291547788731639538126744639469724212631
number=$(date +%s).$RANDOM
read -r year month day hour minute second zone <<< "$(date '+%Y %m %d %H %M %S %z')"
hl7=$year$month$day$hour$minute$second$zone
stamp=$year-$month-${day}T$hour:$minute:$second${zone:0:3}:${zone:3}
bytes=$(mktemp)
bundle=$(mktemp)
trap 'rm -f "$bytes" "$bundle"' EXIT

sed -e "s/@ID@/$arc.8.$number/" -e "s/@SET@/$arc.9.$number/" -e "s/@HL7@/$hl7/" "$HERE/letter.xml" > "$bytes"

# The hash is the base64 of the 20 bytes of the SHA-1, not of its hexadecimal digits.
sha1=$(sha1sum "$bytes" | cut -c 1-40)
hash=$(printf "$(sed 's/../\\x&/g' <<< "$sha1")" | base64)

sed -e "s/@ID@/$arc.8.$number/" -e "s/@SUBMISSION@/$arc.6.$number/" -e "s/@FHIR@/$stamp/" \
    -e "s/@SIZE@/$(wc -c < "$bytes")/" -e "s|@HASH@|$hash|" -e "s|@DATA@|$(base64 < "$bytes" | tr -d '\n')|" \
    "$HERE/publish.json" > "$bundle"

fhir "${CARD:-medecin2}" -H 'Content-Type: application/fhir+json' \
  -H 'DMP-Structure: 499900000029010' \
  --data-binary "@$bundle" "$BASE"
