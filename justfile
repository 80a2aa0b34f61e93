# Shortcuts. Each calls what a person without `just` would type.

# The server with sample services on this machine, to look at.
demo:
    cargo run --release --locked -- demo

# Everything that must be green before a commit.
test:
    ./test

# The rules of STYLE.md alone: quick.
tidy:
    cargo test --locked -p uphold --test tidy

# What continuous integration runs.
ci:
    bash .ci/run

# Put the sources into their one form.
fmt:
    cargo fmt --all

# The package for Debian: docs/installing.md.
deb:
    packaging/deb.sh
