# What the examples share. Start the demonstration first: cargo run --release -- demo
# DIR is its folder, BASE its address, CARD the card to use (a name of DIR/pki).
set -euo pipefail

DIR=${DIR:-passerelle-demo}
BASE=${BASE:-https://127.0.0.1:8443/fhir}
HERE=$(dirname "${BASH_SOURCE[0]}")

# Camille Roussel, of the demonstration.
INS=${INS:-urn:oid:1.2.250.1.213.1.4.10|279036990100166}

# fhir CARD [curl arguments]: one request with that card; prints the answer, fails on a refusal.
fhir() {
  local card=$1
  shift
  curl -sS --fail-with-body --cacert "$DIR/pki/ca.pem" --cert "$DIR/pki/$card.pem" --key "$DIR/pki/$card.key" "$@"
}
