#!/usr/bin/env bash
# Makes the package for Debian: packaging/deb.sh. It needs cargo-deb (`cargo install cargo-deb --locked`).
# With UPHOLD_BINARY=FILE a program that was built before is packed, as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -n "${UPHOLD_BINARY:-}" ]; then
    install -D -m 0755 "$UPHOLD_BINARY" target/release/uphold
else
    cargo build --release --locked -p uphold
fi

# Manual pages and completions are made by the program that they describe.
made=target/deb
rm -rf "$made"
mkdir -p "$made/completions"
target/release/uphold man --out "$made/man"
for shell in bash zsh fish; do
    target/release/uphold completions "$shell" >"$made/completions/$shell"
done

# `cargo deb` reads what else is in the package from server/Cargo.toml and prints the path of what it made.
exec cargo deb --no-build -p uphold
