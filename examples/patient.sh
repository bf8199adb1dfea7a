#!/usr/bin/env bash
# TD0.2: does this patient have a record, and in which state? Then the operator opens a record, or updates it when it is there.
# usage: examples/patient.sh
. "$(dirname "$0")/lib.sh"

fhir secretaire -G "$BASE/Patient" --data-urlencode "identifier=$INS"
echo
fhir exploitant -X PUT -H 'Content-Type: application/fhir+json' --data-binary "@$HERE/patient.json" \
  "$BASE/Patient?identifier=urn%3Aoid%3A1.2.250.1.213.1.4.10%7C185076991300111"
