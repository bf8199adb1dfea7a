#!/usr/bin/env bash
# TD3.1 (ITI-67): the current documents of a record that the holder of a card may read.
# usage: [CARD=infirmier] examples/search.sh [more parameters, such as type=11502-2]
. "$(dirname "$0")/lib.sh"

parameters=()
for parameter in "$@"; do parameters+=(--data-urlencode "$parameter"); done

fhir "${CARD:-infirmier}" -G "$BASE/DocumentReference" \
  --data-urlencode "patient.identifier=$INS" \
  --data-urlencode "status=current" \
  "${parameters[@]}"
