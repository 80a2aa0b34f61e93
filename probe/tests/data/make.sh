#!/bin/sh
# Makes the certificates of the TLS tests: an authority, and certificates of it for 127.0.0.1 (good, expired, other name).
# The keys protect nothing. All but the expired one are good from 2020 to 2120.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
: >"$work/index.txt"
echo 01 >"$work/serial"
cat >"$work/ca.cnf" <<END
[ca]
default_ca = authority
[authority]
new_certs_dir = $work
database = $work/index.txt
serial = $work/serial
default_md = sha256
policy = policy
unique_subject = no
[policy]
commonName = supplied
END
new_key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }
# certificate NAME KEY EXTENSIONS END SIGNER...
certificate() {
    name=$1 key=$2 extensions=$3 end=$4
    shift 4
    openssl req -new -key "$key" -subj "/CN=$name" -out "$work/request"
    printf "$extensions" >"$work/extensions"
    openssl ca -batch -notext -config "$work/ca.cnf" -startdate 20200101000000Z -enddate "$end" \
        -extfile "$work/extensions" -in "$work/request" -out "$name.pem" "$@"
}
new_key "$work/authority.key"
new_key server.key
leaf='basicConstraints=critical,CA:FALSE\nsubjectAltName='
certificate authority "$work/authority.key" 'basicConstraints=critical,CA:TRUE\n' 21200101000000Z \
    -selfsign -keyfile "$work/authority.key"
set -- -cert authority.pem -keyfile "$work/authority.key"
certificate good server.key "${leaf}IP:127.0.0.1,DNS:localhost\n" 21200101000000Z "$@"
certificate other-name server.key "${leaf}DNS:other.example\n" 21200101000000Z "$@"
certificate expired server.key "${leaf}IP:127.0.0.1\n" 20210101000000Z "$@"
certificate self-signed server.key "${leaf}IP:127.0.0.1\n" 21200101000000Z -selfsign -keyfile server.key
