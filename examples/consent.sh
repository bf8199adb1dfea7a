#!/usr/bin/env bash
# TD0.3: a professional declares that the patient consents to his reading of the record; said again, it is renewed.
# Then the declarations that he holds.
# usage: examples/consent.sh
. "$(dirname "$0")/lib.sh"

fhir medecin2 -H 'Content-Type: application/fhir+json' --data-binary "@$HERE/consent.json" "$BASE/Consent"
echo
fhir medecin2 -G "$BASE/Consent" --data-urlencode "patient.identifier=$INS" --data-urlencode 'status=active'
